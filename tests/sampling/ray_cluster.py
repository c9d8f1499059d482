"""A Ray cluster of several nodes on this machine, in a process of its own.

    python ray_cluster.py CPUS_OF_THE_HEAD CPUS_OF_A_NODE …

Prints the cluster's address; a line on stdin takes its last node away, and the end of stdin all.
"""

import os
import sys
import tempfile
from pathlib import Path

from ray.cluster_utils import Cluster


def main() -> None:
    """See the module's docstring."""
    head, *others = map(int, sys.argv[1:])
    small = {"object_store_memory": 80_000_000, "include_dashboard": False}
    with tempfile.TemporaryDirectory(prefix="mt-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        os.environ["RAY_TMPDIR"] = folder
        (Path(folder) / "ray").mkdir()
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": head, **small})
        nodes = [cluster.add_node(num_cpus=cpus, **small) for cpus in others]
        try:
            sys.stdout.write(f"{cluster.address}\n")
            sys.stdout.flush()
            for _ in sys.stdin:
                cluster.remove_node(nodes.pop(), allow_graceful=False)
        finally:
            cluster.shutdown()


if __name__ == "__main__":
    main()
