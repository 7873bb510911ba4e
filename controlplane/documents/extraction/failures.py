"""Why a file gives no text, in words for the one who uploaded it."""

from enum import StrEnum


class Failure(StrEnum):
    """The reasons; each has its sentence in `SENTENCES`."""

    EMPTY = "file_empty"
    KIND_NOT_SUPPORTED = "file_kind_not_supported"
    DAMAGED = "file_damaged"
    ENCRYPTED = "file_encrypted"
    WITHOUT_TEXT = "file_without_text"
    INFLATES = "file_inflates"
    TOO_LONG = "file_too_long"
    TOO_SLOW = "file_too_slow"
    TOO_LARGE_TO_READ = "file_needs_too_much_memory"
    READER_DIED = "file_reader_died"


SENTENCES = {
    Failure.EMPTY: "The file is empty.",
    Failure.KIND_NOT_SUPPORTED: "Files of this kind cannot be read. Use PDF, Word, PowerPoint, Excel, HTML, "
    "Markdown, CSV, EPUB or plain text.",
    Failure.DAMAGED: "The file is damaged or incomplete.",
    Failure.ENCRYPTED: "The file is protected by a password. Save it without one and upload it again.",
    Failure.WITHOUT_TEXT: "The file holds no text, only images perhaps. Run text recognition over it first.",
    Failure.INFLATES: "The file unpacks to far more than its size. It is not opened.",
    Failure.TOO_LONG: "The file holds more text than is taken from one document. Split it.",
    Failure.TOO_SLOW: "Reading the file took too long. Split it, or save it in another format.",
    Failure.TOO_LARGE_TO_READ: "Reading the file needs too much memory. Split it.",
    Failure.READER_DIED: "The file made its reader stop. Save it anew, or in another format.",
}


class ExtractionFailed(Exception):
    """A file that gives no text; its words are for the one who uploaded it."""

    def __init__(self, failure: Failure) -> None:
        """Take the sentence that belongs to the reason."""
        super().__init__(SENTENCES[failure])
        self.failure = failure
