"""The training program (`apps/training/program`), seen from outside: how it is started, and what its folder tells.

Training and evaluation both run it. They share its folder with it and nothing else, so this reads files and imports
none of its code: the program lives in an environment of its own.
"""
