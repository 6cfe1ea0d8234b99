"""Where Ansible's tools find the collection: they want a folder that ends in ansible_collections/compshare/cloud."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
IN_TREE = Path("ansible_collections/compshare/cloud")


def link_tree() -> Path:
    """Return a collections path in which the clone is the collection, for Ansible and mypy.

    pytest-ansible looks there, too: left alone, it would link today's folders, and miss one that comes tomorrow.
    """
    tree = ROOT / "collections"
    link = tree / IN_TREE
    if not link.is_symlink():
        shutil.rmtree(tree, ignore_errors=True)
        link.parent.mkdir(parents=True)
        link.symlink_to(os.path.relpath(ROOT, link.parent))
    return tree


def copy_tree(tree: Path) -> Path:
    """Copy every file that git knows or would add into a collections path, and return the collection's folder there.

    ansible-test refuses symbolic links, and writes into the collection that it tests. It also takes from git the files
    that count, so the copy is a repository of its own: the clone's git ignores the folder that the copy is in.
    """
    from antsibull_fileutils.copier import GitCopier  # not in the environments that ansible-test runs tests in

    collection = tree / IN_TREE
    shutil.rmtree(collection, ignore_errors=True)
    collection.parent.mkdir(parents=True, exist_ok=True)
    GitCopier().copy(ROOT, collection)
    collection.chmod(0o755)  # some tests drop their privileges
    subprocess.run(["git", "init", "--quiet", collection], check=True)
    return collection


if __name__ == "__main__":
    print(link_tree())
