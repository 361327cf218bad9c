"""A schema of strawberry's, behind its two views."""

import strawberry
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import AsyncGraphQLView, GraphQLView


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "fine"

    @strawberry.field
    def crash(self) -> str:
        raise ZeroDivisionError("secret")


schema = strawberry.Schema(Query)

urlpatterns = [
    path("graphql/", csrf_exempt(GraphQLView.as_view(schema=schema))),
    path("async-graphql/", AsyncGraphQLView.as_view(schema=schema)),
]
