"""What the training code of several models shares.

The folders of the models are collections of scripts, not packages.  Each puts
``models/`` on the module path in its ``simulate`` module, or where it imports this package.
"""
