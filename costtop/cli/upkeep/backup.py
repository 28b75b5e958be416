"""`costtop backup`: a consistent copy of the database while everything runs."""

import argparse
import os
import sqlite3
from pathlib import Path

from costtop import paths
from costtop.cli.parser import Parser
from costtop.cli.tables import put
from costtop.errors import CosttopError
from costtop.files import private_file
from costtop.store.db import open_reader


def add(parser: Parser, name: str) -> None:
    """Adds `backup`."""
    parser.says("A consistent copy of the database.", "costtop backup ~/costtop-backup.db")
    parser.add_argument("file", metavar="FILE", type=Path, help="must not exist")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Copies the database page by page; readers and the daemon are not disturbed."""
    db = open_reader(paths.find().database)
    try:
        os.close(private_file(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        copy = sqlite3.connect(options.file)
        with copy:
            db.backup(copy)
        copy.close()
    except FileExistsError:
        raise CosttopError(f"{options.file} exists already; name a new file") from None
    except (OSError, sqlite3.Error) as error:
        raise CosttopError(f"cannot write {options.file}: {error}") from None
    put(f"{options.file}: {options.file.stat().st_size} bytes")
    return 0
