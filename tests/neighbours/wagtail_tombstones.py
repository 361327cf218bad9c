"""What becomes of the addresses of Wagtail's pages: run with the settings of a site of its own.

Each function of SCENARIOS begins with the new site. How each ended is printed as JSON.
"""

import json
import shutil
import traceback
from pathlib import Path

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - models can be loaded only now
from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from home.models import HomePage  # noqa: E402
from wagtail.actions.unpublish_page import UnpublishPageAction  # noqa: E402
from wagtail.contrib.redirects.models import Redirect  # noqa: E402
from wagtail.models import Page, Site  # noqa: E402

from django_http_errors.models import PermanenceRule  # noqa: E402
from django_http_errors.rules.snapshot import snapshots  # noqa: E402


def page(slug, parent=None, **fields):
    parent = parent or Site.objects.get(is_default_site=True).root_page
    return parent.add_child(instance=HomePage(title=slug, slug=slug, **fields))


def status(path, host="localhost"):
    return Client(headers={"host": host}).get(path).status_code


def statuses(*paths):
    return [status(path) for path in paths]


def tombstones():
    rules = PermanenceRule.objects.filter(source="code")
    return sorted(f"{rule.host}{rule.pattern}" for rule in rules)


def fresh(page):
    return Page.objects.get(pk=page.pk).specific


def a_page_that_is_deleted_is_gone_until_another_is_there():
    page("lamps").delete()
    assert tombstones() == ["/lamps/"]
    assert status("/lamps/") == status("/lamps/", "shop.example") == 410
    draft = page("lamps", live=False)
    assert status("/lamps/") == 410, "nobody sees it yet"
    draft.save_revision().publish()
    assert tombstones() == []
    assert status("/lamps/") == 200


def as_the_parent_model():
    """As the admin does it, and bulk actions."""
    Page.objects.get(pk=page("lamps").pk).delete()
    lamps, chairs = page("chairs"), page("tables")
    Page.objects.filter(pk__in=[lamps.pk, chairs.pk]).delete()
    assert tombstones() == ["/chairs/", "/lamps/", "/tables/"]


def what_is_below_is_gone_too():
    shop = page("shop")
    lamps = page("lamps", shop)
    page("red", lamps)
    page("draft", shop, live=False)
    fresh(shop).delete()
    assert tombstones() == ["/shop/", "/shop/lamps/", "/shop/lamps/red/"]
    assert statuses("/shop/lamps/red/", "/shop/draft/") == [410, 404]
    # Made again, as another page.
    page("lamps", page("shop"))
    assert tombstones() == ["/shop/lamps/red/"]
    assert statuses("/shop/", "/shop/lamps/", "/shop/lamps/red/") == [200, 200, 410]


def a_draft_leaves_nothing():
    page("draft", live=False).delete()
    assert tombstones() == []


def unpublished_and_published():
    shop = page("shop")
    page("lamps", shop)
    fresh(shop).unpublish()
    assert tombstones() == ["/shop/"]
    assert statuses("/shop/", "/shop/lamps/") == [410, 200]
    # Deleted as a draft; it was gone before.
    fresh(shop).save_revision().publish()
    assert tombstones() == []
    assert status("/shop/") == 200
    jane = get_user_model().objects.get(username="jane")
    UnpublishPageAction(fresh(shop), user=jane, include_descendants=True).execute()
    assert tombstones() == ["/shop/", "/shop/lamps/"]


def moved():
    shop, archive = page("shop"), page("archive")
    lamps = page("lamps", shop)
    page("red", lamps)
    page("draft", lamps, live=False)
    page("red", page("lamps", archive)).get_parent().delete()
    assert tombstones() == ["/archive/lamps/", "/archive/lamps/red/"]
    fresh(lamps).move(fresh(archive), pos="last-child")
    assert tombstones() == ["/shop/lamps/", "/shop/lamps/red/"]
    # Wagtail's own redirects go first.
    assert statuses("/shop/lamps/red/", "/archive/lamps/red/") == [301, 200]
    Redirect.objects.all().delete()
    assert statuses("/shop/lamps/", "/shop/lamps/red/", "/shop/lamps/draft/") == [410, 410, 404]
    # And back.
    fresh(lamps).move(fresh(shop), pos="last-child")
    assert tombstones() == ["/archive/lamps/", "/archive/lamps/red/"]
    # Another order isn't another address.
    page("chairs", fresh(shop))
    before = tombstones()
    fresh(lamps).move(fresh(shop), pos="last-child")
    assert tombstones() == before


def moved_and_then_deleted():
    shop, archive = page("shop"), page("archive")
    lamps = page("lamps", shop)
    fresh(lamps).move(fresh(archive), pos="last-child")
    assert status("/shop/lamps/") == 301
    fresh(lamps).delete()
    assert statuses("/shop/lamps/", "/archive/lamps/") == [410, 410]


def renamed():
    lamps = page("lamps")
    page("red", lamps)
    again = fresh(lamps)
    again.slug = "lights"
    again.save_revision().publish()
    assert tombstones() == ["/lamps/", "/lamps/red/"]
    assert statuses("/lamps/red/", "/lights/red/") == [301, 200]
    again = fresh(lamps)
    again.slug = "lamps"
    again.save_revision().publish()
    assert tombstones() == ["/lights/", "/lights/red/"]
    assert statuses("/lamps/", "/lamps/red/") == [200, 200]


def two_sites():
    other = Page.get_first_root_node().add_child(instance=HomePage(title="b", slug="b"))
    Site.objects.create(hostname="b.example", port=80, root_page=other)
    mine, others = page("lamps"), page("lamps", other)
    assert [status("/lamps/"), status("/lamps/", "b.example")] == [200, 200]
    others.delete()
    assert tombstones() == ["b.example/lamps/"]
    assert [status("/lamps/"), status("/lamps/", "b.example")] == [200, 410]
    # From one site to another.
    fresh(mine).move(fresh(other), pos="last-child")
    assert tombstones() == ["localhost/lamps/"]
    assert [status("/lamps/"), status("/lamps/", "b.example")] == [410, 200]


SCENARIOS = [
    a_page_that_is_deleted_is_gone_until_another_is_there,
    as_the_parent_model,
    what_is_below_is_gone_too,
    a_draft_leaves_nothing,
    unpublished_and_published,
    moved,
    moved_and_then_deleted,
    renamed,
    two_sites,
]


def main():
    database = Path(connection.settings_dict["NAME"])
    connection.close()
    new = database.with_suffix(".new")
    shutil.copy(database, new)
    results = {}
    for scenario in SCENARIOS:
        try:
            scenario()
            results[scenario.__name__] = ""
        except Exception:  # noqa: BLE001 - it is what the test says
            results[scenario.__name__] = traceback.format_exc()
        connection.close()
        shutil.copy(new, database)
        cache.clear()
        snapshots.forget()
    print(json.dumps(results))  # noqa: T201


if __name__ == "__main__":
    main()
