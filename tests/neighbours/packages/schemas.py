"""GraphQL: what comes before a query is answered as the errors of any view."""

from __future__ import annotations

from ..recipes import JSON, Asker, neighbour, routes_of


@neighbour("strawberry-graphql", "strawberry.django", urls=routes_of("strawberry_site"))
def strawberry(ask: Asker) -> None:
    for path in ("/graphql/", "/async-graphql/") if ask.is_async else ("/graphql/",):
        before_the_schema(ask, path)


@neighbour(
    "graphene-django", "graphene_django", apps=["graphene_django"], urls=routes_of("graphene_site")
)
def graphene(ask: Asker) -> None:
    before_the_schema(ask, "/graphql/")


def before_the_schema(ask: Asker, path: str) -> None:
    """Check the errors that are no query's: each has the right status, and a body.

    What has words of the package's own keeps them.
    """
    query = '{"query": "{ hello }"}'
    response = ask(path, JSON, "POST", query)
    assert response.json()["data"] == {"hello": "fine"}, response.content
    # An error of the query itself is GraphQL's, and stays as it is.
    for failing in ('{"query": "{ crash }"}', '{"query": "{ nothing }"}'):
        response = ask(path, JSON, "POST", failing)
        assert response.status_code in (200, 400)
        assert "errors" in response.json()
        assert not hasattr(response, "problem")
    response = ask(path, JSON, "PUT", query)
    assert response.status_code == 405
    assert response.content
    if "Allow" in response.headers:
        assert {"GET", "POST"} == set(response.headers["Allow"].replace(" ", "").split(","))
    for data, kind in ((b"{", JSON), (b"[1", JSON), (b"<query/>", "application/xml")):
        response = ask(path, JSON, "POST", data, kind)
        assert response.status_code in (400, 415), (response.status_code, data)
        assert response.content
        if hasattr(response, "problem"):
            assert response.json()["status"] == response.status_code
