"""Says for whom a live run works."""

from uuid import UUID

from controlplane.errors import Conflict, NotFound
from controlplane.runs.models import Run
from controlplane.tools.calls import Payer


def payer_of_live_run(run_id: UUID) -> Payer:
    """Name a live run's user and session. Raises NotFound, and Conflict `run_over`."""
    run = Run.objects.select_related("user").filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such run.", code="run_not_found")
    if not run.is_open or (run.user is not None and not run.user.is_active):
        raise Conflict("The run is over.", code="run_over")
    return Payer(user_id=run.user_id, session_id=run.session_id)
