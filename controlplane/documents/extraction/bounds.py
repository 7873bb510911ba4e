"""How much one file may ask of the machine while it is read."""

import resource
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controlplane.documents.extraction.failures import ExtractionFailed, Failure

MEGABYTE = 1_000_000
MOST_MEMBERS = 20_000


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Wall time in seconds, address space in bytes, characters of text, bytes that archives unpack to."""

    seconds: float = 120.0
    memory: int = 1_500 * MEGABYTE
    characters: int = 10_000_000
    unpacked: int = 400 * MEGABYTE

    @classmethod
    def from_words(cls, words: list[str]) -> Self:
        """Read what `as_words` wrote."""
        seconds, memory, characters, unpacked = words
        return cls(
            seconds=float(seconds), memory=int(memory), characters=int(characters), unpacked=int(unpacked)
        )

    def as_words(self) -> list[str]:
        """Write them for a command line."""
        return [str(self.seconds), str(self.memory), str(self.characters), str(self.unpacked)]

    def impose(self) -> None:
        """Hold this process to them for good; it writes no files and leaves no core."""
        cpu = int(self.seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def check_archive(self, path: Path) -> None:
        """Look what an archive says it unpacks to; its reader never gives more than that of a member."""
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except zipfile.BadZipFile as error:
            raise ExtractionFailed(Failure.DAMAGED) from error
        if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > self.unpacked:
            raise ExtractionFailed(Failure.INFLATES)
        if any(member.flag_bits & 1 for member in members):
            raise ExtractionFailed(Failure.ENCRYPTED)
