"""``python -m msdigest``."""

from msdigest.cli.main import main

main()
