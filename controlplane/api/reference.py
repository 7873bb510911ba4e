"""A page that lists all endpoints, for people who look around before they fetch the OpenAPI document."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View
from drf_spectacular.generators import SchemaGenerator


class ApiReference(View):
    """Made from the same document; needs no script and nothing from elsewhere."""

    methods: ClassVar[tuple[str, ...]] = ("get", "post", "put", "patch", "delete")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the reference to anybody; it tells nothing that the document does not."""
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # as the library is
        document = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # as above
        groups: dict[str, list[dict[str, Any]]] = {}
        for path, operations in document["paths"].items():
            for method in self.methods:
                if method in operations:
                    operation = operations[method]
                    groups.setdefault(operation["tags"][0], []).append(
                        {"method": method.upper(), "path": path, **operation}
                    )
        context = {"info": document["info"], "groups": groups}
        return render(request, "api/reference.html", context)
