"""A schema of graphene's, behind its view."""

import graphene
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from graphene_django.views import GraphQLView


class Query(graphene.ObjectType):
    hello = graphene.String()
    crash = graphene.String()

    def resolve_hello(self, info: object) -> str:
        return "fine"

    def resolve_crash(self, info: object) -> str:
        raise ZeroDivisionError("secret")


schema = graphene.Schema(query=Query)

urlpatterns = [path("graphql/", csrf_exempt(GraphQLView.as_view(schema=schema)))]
