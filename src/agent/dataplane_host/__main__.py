"""Entry point: in the zipapp this file stands at the root, elsewhere it is `python3 -m dataplane_host`."""
import sys

from dataplane_host.cli import main

sys.exit(main())
