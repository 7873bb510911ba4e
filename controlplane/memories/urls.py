"""REST addresses of memories, below /api/v1/."""

from django.urls import path

from controlplane.memories.views import MemoriesView, MemoryView

urlpatterns = [
    path("memories/", MemoriesView.as_view(), name="memories"),
    path("memories/<uuid:memory_id>/", MemoryView.as_view(), name="memory"),
]
