"""Pictures of a level: `scene.py` decides what is drawn where, in metres; `svg.py` and `png.py` draw it, and nothing else."""
