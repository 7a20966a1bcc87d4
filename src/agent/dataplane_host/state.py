"""What the agent made and what was there before: /var/lib/dataplane-host/state.json, written ahead of each change."""
import json

from .host import Problem, canonical

DIRECTORY = "/var/lib/dataplane-host"
PATH = DIRECTORY + "/state.json"
VERSION = 1


class State:
    """Records in the order in which they were made. Whatever changes them is on the disk when the call returns."""

    def __init__(self, host):
        self.host = host
        self.records = []
        self._written = host.read_text(PATH)
        if self._written is not None:
            try:
                document = json.loads(self._written)
                version, self.records = document["version"], document["records"]
            except (ValueError, KeyError, TypeError) as error:
                raise Problem("the state can't be understood", PATH, error,
                              "restore the file from a backup; without it undo doesn't know what was before") from None
            if version != VERSION:
                raise Problem("the state is of another version of the agent", PATH, version,
                              f"use the agent that wrote it; this one knows version {VERSION}")
        host.state = self

    def find(self, kind, key):
        for record in self.records:
            if record["kind"] == kind and record["key"] == key:
                return record
        return None

    def of_kind(self, kind):
        return [record for record in self.records if record["kind"] == kind]

    def put(self, record):
        """Adds the record, or replaces the one of the same kind and key in its place."""
        old = self.find(record["kind"], record["key"])
        if old is None:
            self.records.append(record)
        elif old is not record:
            self.records[self.records.index(old)] = record
        self._save()

    def drop(self, record):
        self.records.remove(record)
        self._save()

    def _save(self):
        """Nothing recorded, no file."""
        text = canonical({"records": self.records, "version": VERSION}) if self.records else None
        if text == self._written:
            return
        if text is None:
            self.host.remove(PATH)
            self.host.remove_directory(DIRECTORY)
        else:
            self.host.write_text(PATH, text, 0o600)
        self._written = text
