"""Tests of the code as text: who imports whom, words, sizes, languages, time. They read files and import nothing of ours."""
