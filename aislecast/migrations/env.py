"""Alembic runs this file for every command; it uses the connection it is handed and nothing else."""

from alembic import context

from aislecast.migrations.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,  # Alembic takes SQLite for an engine that cannot; with BEGIN of our own it can
)
with context.begin_transaction():
    context.run_migrations()
