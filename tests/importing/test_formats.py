"""What other tools write, and what becomes of it: rules, and remarks on the rest."""

from __future__ import annotations

import json
from io import BytesIO
from textwrap import dedent
from time import perf_counter
from typing import Any

import pytest

from django_http_errors.importing.importer import Import, Report
from django_http_errors.importing.reader import FORMATS, Reader
from django_http_errors.importing.rows import FileError, ParsedRow, Remark
from django_http_errors.importing.schema import RULES
from django_http_errors.models import MatchType, PermanenceRule

pytestmark = pytest.mark.django_db

LEFT_OUT = "What stood behind ? or # is left out: the rule is for whatever stands there."

LEFT_TO_THE_SITE = "is left to the site by nginx. If a rule covers it, add a temporary one for it."


def rules() -> list[str]:
    """Return what the rules say that isn't a default, in the order of the file."""
    said = []
    for rule in PermanenceRule.objects.order_by("pk"):
        more = [
            f"{field.name}={getattr(rule, field.name)}"
            for field in rule._meta.fields
            if field.name in RULES.content and getattr(rule, field.name) != field.get_default()
        ]
        said.append(" ".join([rule.kind, f"{rule.host}{rule.pattern}", *more]))
    return said


def remarks(report: Report) -> list[str]:
    """Return what is said of a file, with the kinds of rules by their short names."""
    found = [f"{places}: {text}" for text, places in report.remarks.items()]
    for kind in MatchType:
        found = [text.replace(f"({kind.label})", f"({kind.value})") for text in found]
    return found


REDIRECTION = {
    "plugin": {"version": "5.5.1", "date": "Mon, 05 May 2025 10:00:00 +0000"},
    "groups": [{"id": 1, "name": "Redirections", "redirects": 4, "module_id": 1}],
    "redirects": [
        {
            "id": 1,
            "url": "/old-shop/lamps/",
            "match_url": "/old-shop/lamps",
            "match_data": {
                "source": {
                    "flag_query": "exact",
                    "flag_case": False,
                    "flag_trailing": True,
                    "flag_regex": False,
                }
            },
            "action_code": 410,
            "action_type": "error",
            "action_data": [],
            "match_type": "url",
            "title": "Sold out",
            "hits": 3,
            "regex": False,
            "group_id": 1,
            "position": 0,
            "last_access": "-",
            "enabled": True,
        },
        {
            "id": 2,
            "url": "^/Blog/(\\d{4})/(.*)$",
            "match_data": {"source": {"flag_case": True, "flag_regex": True}},
            "action_code": 410,
            "action_type": "error",
            "match_type": "url",
            "title": "",
            "regex": True,
            "enabled": False,
        },
        {
            "id": 3,
            "url": "/moved/",
            "action_code": 301,
            "action_type": "url",
            "action_data": {"url": "/new/"},
            "match_type": "url",
            "regex": False,
            "enabled": True,
        },
        {
            "id": 4,
            "url": "/members/",
            "action_code": 410,
            "match_type": "login",
            "regex": False,
            "enabled": True,
        },
    ],
}

# By name: the file, its format, the rules that it makes, and the remarks.
SAMPLES: dict[str, tuple[str, str, list[str], list[str]]] = {
    "paths": (
        """
        # Of the old shop
        /old-shop/lamps/7/
        /old-shop/chairs/

        "/gro%C3%9Fe lampen/"
        """,
        "list",
        ["exact /old-shop/lamps/7/", "exact /old-shop/chairs/", "exact /große lampen/"],
        [],
    ),
    "urls": (
        """
        https://www.example.com/old-shop/lamps/7/
        HTTPS://WWW.Example.COM:443/Old
        http://user@www.example.com
        """,
        "list",
        [
            "exact www.example.com/old-shop/lamps/7/",
            "exact www.example.com/Old",
            "exact www.example.com/",
        ],
        ["line 3: The view index answers here today: the rule counts only where that is a 404."],
    ),
    "pasted": (
        """
        /lamps/?utm_source=mail
        /lamps/8/#top
        /lamps/9/?page=2
        /old/*
        /blog/:year/:slug
        /team/[a-z]+/cv
        /archive/<int:year>/
        """,
        "list",
        [
            "exact /lamps/",
            "exact /lamps/8/",
            "exact /lamps/9/",
            "prefix /old/",
            "route /blog/<str:year>/<str:slug>",
            "route /team/<str:any1>/cv",
            "route /archive/<int:year>/",
        ],
        [
            f"line 1, line 2, line 3: {LEFT_OUT}",
            "line 4: /old/* → /old/ (prefix)",
            "line 5: /blog/:year/:slug → /blog/<str:year>/<str:slug> (route)",
            "line 6: /team/[a-z]+/cv → /team/<str:any1>/cv (route)",
            "line 7: /archive/<int:year>/ → /archive/<int:year>/ (route)",
        ],
    ),
    "pasted without a scheme": (
        """
        www.example.com/foo
        shop.example/old/*
        bücher.example/x/?page=2
        localhost:8000/y
        """,
        "list",
        [
            "exact www.example.com/foo",
            "prefix shop.example/old/",
            "exact xn--bcher-kva.example/x/",
            "exact localhost/y",
        ],
        [
            "line 2: /old/* → /old/ (prefix)",
            f"line 3: {LEFT_OUT}",
        ],
    ),
    "search console": (
        """
        URL,Last crawled
        https://www.example.com/old-shop/lamps/7/,2025-05-01
        https://www.example.com/old-shop/chairs/,2025-05-02
        """,
        "csv",
        ["exact www.example.com/old-shop/lamps/7/", "exact www.example.com/old-shop/chairs/"],
        ["line 1: Columns that say nothing of a rule weren't read: Last crawled."],
    ),
    "search console, in another language": (
        """
        Häufigste Seiten
        https://www.example.com/alt/
        """,
        "list",
        ["exact www.example.com/alt/"],
        [],
    ),
    "screaming frog": (
        """
        "Address","Content Type","Status Code","Status","Redirect URL"
        "https://www.example.com/","text/html","200","OK",""
        "https://www.example.com/a/","text/html","404","Not Found",""
        "https://www.example.com/b/","text/html","410","Gone",""
        "https://www.example.com/c/","text/html","301","Moved","https://www.example.com/d/"
        """,
        "csv",
        ["exact www.example.com/a/", "exact www.example.com/b/"],
        [
            (
                "line 1: Columns that say nothing of a rule weren't read: Content Type, Status,"
                " Redirect URL."
            ),
            "line 2: Not gone (410) but 200: left out.",
            "line 5: Not gone (410) but 301: left out.",
        ],
    ),
    "screaming frog, links": (
        """
        "Type","Source","Destination","Alt Text","Anchor","Status Code","Follow","Target"
        "Hyperlink","https://a.example/live","https://a.example/dead","","x","404","true","_blank"
        "Hyperlink","https://a.example/more","https://a.example/dead","","y","404","true",""
        "Hyperlink","https://a.example/live","https://a.example/more","","z","200","true",""
        """,
        "csv",
        ["exact a.example/dead"],
        [
            (
                "line 1: Columns that say nothing of a rule weren't read: Type, Source, Alt Text,"
                " Anchor, Follow, Target."
            ),
            "line 4: Not gone (410) but 200: left out.",
        ],
    ),
    "redirects with types": (
        """
        Source,Destination,Type
        /a,,410
        /b,/c,301
        """,
        "csv",
        ["exact /a"],
        [
            "line 1: Columns that say nothing of a rule weren't read: Type.",
            "line 3: Not gone (410) but a redirect: left out.",
        ],
    ),
    "spreadsheet of redirects": (
        """
        Old URL;New URL;Reason
        /lamps/7/;;It was sold.
        /lamps/8/;/lamps/9/;
        /lamps/10/;;
        """,
        "csv",
        ["exact /lamps/7/ reason=It was sold.", "exact /lamps/10/"],
        ["line 3: Not gone (410) but a redirect: left out."],
    ),
    "tabs and other names": (
        "Origin\tExpected At\tPERMANENCE\n/lamps/7/\t2030-01-01\tTemporary\n",
        "csv",
        ["exact /lamps/7/ permanence=temporary expected_at=2030-01-01 00:00:00+00:00"],
        [],
    ),
    "redirection, csv": (
        """
        source,target,regex,code,type,hits,title,status
        "/old-shop/lamps/","",0,410,"error",3,"Sold out","active"
        "^/Blog/(.*)","",1,410,"error",0,"","disabled"
        "/moved/","/new/",0,301,"url",12,"","active"
        "/missing/","",0,404,"error",0,"","active"
        """,
        "csv",
        ["exact /old-shop/lamps/ enabled=True note=Sold out", "prefix /Blog/ enabled=False"],
        [
            "line 1: Columns that say nothing of a rule weren't read: type, hits.",
            "line 3: ^/Blog/(.*) → /Blog/ (prefix)",
            "line 4: Not gone (410) but 301: left out.",
            "line 5: Not gone (410) but 404: left out.",
        ],
    ),
    "redirection, json": (
        json.dumps(REDIRECTION, indent=4),
        "redirection",
        [
            "exact /old-shop/lamps/ note=Sold out",
            "route /Blog/<int:any1>/ enabled=False ignore_case=True",
            "route /Blog/<int:any1>/<path:rest> enabled=False ignore_case=True",
        ],
        [
            r"line 39 (object 2): ^/Blog/(\d{4})/(.*)$ → /Blog/<int:any1>/ (route)",
            r"line 39 (object 2): ^/Blog/(\d{4})/(.*)$ → /Blog/<int:any1>/<path:rest> (route)",
            "line 55 (object 3): Not gone (410) but 301: left out.",
            "line 67 (object 4): /members/ depends on login: left out.",
        ],
    ),
    "_redirects": (
        """
        # Netlify
        /old-shop/*      /gone.html    410
        /lamps/:id       /gone.html    410!
        https://www.example.com/x  /gone.html 410  # at one host
        /chairs          /gone.html    410
        /moved           /new
        /app/*           /index.html   200
        /store id=:id    /gone.html    410
        /press           /gone.html    410  Country=de Language=de
        """,
        "redirects",
        [
            "prefix /old-shop/",
            "route /lamps/<str:id>",
            "exact www.example.com/x",
            "exact /chairs",
        ],
        [
            "line 2: /old-shop/* → /old-shop/ (prefix)",
            "line 3: /lamps/:id → /lamps/<str:id> (route)",
            "line 6: Not gone (410) but 301: left out.",
            "line 7: Not gone (410) but 200: left out.",
            "line 8: /store depends on id=:id: left out.",
            "line 9: /press depends on Country=de, Language=de: left out.",
        ],
    ),
    ".htaccess": (
        r"""
        Options -Indexes
        ErrorDocument 410 /gone.html
        <IfModule mod_alias.c>
            Redirect gone /old-shop
            redirect 410 "/große lampen/"
            Redirect 301 /moved /new
            Redirect /elsewhere https://example.com/
            RedirectPermanent /for-good /new
            RedirectMatch gone ^/blog/\d+/(.*)\.html$
            RedirectMatch 410 "\.(asp|php)$"
            RedirectMatch 302 ^/a/(.*)$ /b/$1
            RedirectMatch gone lamp
        </IfModule>
        <IfModule mod_rewrite.c>
            RewriteEngine On
            RewriteBase /shop/
            RewriteRule ^lamps/7$ - [G]
            RewriteRule ^/chairs/?$ - [G,L,NC]
            RewriteRule ^tables/([^/]+)/$ \
                - [R=410,L]
            RewriteCond %{QUERY_STRING} ^id=3$
            RewriteRule ^index\.php$ - [G]
            RewriteCond %{QUERY_STRING} ^id=3$ [OR]
            RewriteCond %{HTTP_HOST} ^old\.
            RewriteRule ^either$ - [G]
            RewriteRule ^r$ - [R=gone]
            RewriteRule ^r$ - [R=GONE,L]
            RewriteRule ^beds- - [G]
            RewriteRule ^sofas/(?!new) - [gone]
            RewriteRule ^secret - [F]
            RewriteRule ^x$ /y [R=301,L]
            RewriteRule . index.php [L]
        </IfModule>
        <If "%{HTTP_HOST} == 'old.example.com'">
            Redirect gone /host
        </If>
        Redirect gone
        </NoSuch>
        redirect gone \
            /last \
        """,
        "apache",
        [
            "prefix /old-shop",
            "prefix /große lampen/",
            "route /blog/<int:any1>/<path:any2>.html",
            "route /<path:any1>.asp",
            "route /<path:any1>.php",
            "exact /shop/lamps/7",
            "exact /chairs/ ignore_case=True",
            "route /shop/tables/<str:any1>/",
            "prefix /shop/beds-",
            "route /shop/beds-<path:rest>",
            "prefix /last",
        ],
        [
            "line 6, line 8, line 31: Not gone (410) but 301: left out.",
            "line 7, line 11, line 26 and 1 more: Not gone (410) but 302: left out.",
            r"line 9: ^/blog/\d+/(.*)\.html$ → /blog/<int:any1>/<path:any2>.html (route)",
            r"line 10: \.(asp|php)$ → /<path:any1>.asp (route)",
            r"line 10: \.(asp|php)$ → /<path:any1>.php (route)",
            "line 12: No rule says lamp, left out: it may match anywhere; begin it with ^.",
            "line 17: ^/shop/lamps/7$ → /shop/lamps/7 (exact)",
            "line 18: ^/chairs/?$ → /chairs/ (exact)",
            "line 19: ^/shop/tables/([^/]+)/$ → /shop/tables/<str:any1>/ (route)",
            r"line 22: ^/shop/index\.php$ depends on RewriteCond %{QUERY_STRING} ^id=3$: left out.",
            (
                r"line 25: ^/shop/either$ depends on RewriteCond %{QUERY_STRING} ^id=3$ [OR],"
                r" RewriteCond %{HTTP_HOST} ^old\.: left out."
            ),
            "line 28: ^/shop/beds- → /shop/beds- (prefix)",
            "line 28: ^/shop/beds- → /shop/beds-<path:rest> (route)",
            "line 29: No rule says ^/shop/sofas/(?!new), left out: (?! isn't known.",
            "line 30: Not gone (410) but 403: left out.",
            "line 35: /host depends on <If \"%{HTTP_HOST} == 'old.example.com'\">: left out.",
            "line 37: Redirect 410 isn't known.",
        ],
    ),
    "sitemap": (
        """
        <?xml version="1.0" encoding="ISO-8859-1"?>
        <s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9"
            xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
          <s:url>
            <s:loc>
              https://www.example.com/lamps/7/?a=1&amp;b=2
            </s:loc>
            <image:image><image:loc>https://www.example.com/7.jpg</image:loc></image:image>
            <s:lastmod>2019-01-01</s:lastmod>
          </s:url>
          <s:url><s:loc><![CDATA[https://www.example.com/gro\u00df/]]></s:loc></s:url>
          <s:url/>
        </s:urlset>
        """,
        "sitemap",
        ["exact www.example.com/lamps/7/", "exact www.example.com/gro\u00df/"],
        [f"line 5: {LEFT_OUT}"],
    ),
    "sitemap of a plugin": (
        """

        <?xml-stylesheet type="text/xsl" href="/main-sitemap.xsl"?>
        <urlset><url><loc>http://localhost/lamps/?a=1</loc></url></urlset>
        """,
        "sitemap",
        ["exact localhost/lamps/"],
        [f"line 3: {LEFT_OUT}"],
    ),
    "sitemap behind a blank line": (
        """

        <?xml version="1.0"?><!-- made by a plugin -->
        <urlset><url><loc>http://localhost/lamps/?a=1</loc></url></urlset>
        """,
        "sitemap",
        ["exact localhost/lamps/"],
        [f"line 3: {LEFT_OUT}"],
    ),
    "Yoast SEO": (
        """
        Origin,Target,Type,Format
        /legal/,,451,plain
        /old-a/,,410,plain
        old-b,,410,plain
        ^old-c/.*,,410,regex
        old-d/.*,,410,regex
        /old-e/,/new/,301,plain
        """,
        "csv",
        ["exact /old-a/", "exact /old-b", "prefix /old-c/"],
        [
            "line 2: Not gone (410) but 451: left out.",
            "line 5: ^old-c/.* → /old-c/ (prefix)",
            "line 6: No rule says old-d/.*, left out: it may match anywhere; begin it with ^.",
            "line 7: Not gone (410) but 301: left out.",
        ],
    ),
    "nginx, an expression with capitals and without": (
        r"""
        map $uri $gone {
            default 0;
            ~\.php$ 1;
            /a 1;
            ~^/a$ 1;
        }
        server {
            location ~* \.(php|asp)$ { return 410; }
            location ~ \.asp$ { return 410; }
            location ~ /x/ { return 410; }
        }
        """,
        "nginx",
        [
            "route /<path:any1>.php ignore_case=True",
            "exact /a ignore_case=True",
            "route /<path:any1>.asp ignore_case=True",
        ],
        [
            r"line 3: \.php$ → /<path:any1>.php (route)",
            "line 5: ^/a$ → /a (exact)",
            "line 5: Line 4 has the same kind, pattern, host already.",
            r"line 8: \.(php|asp)$ → /<path:any1>.asp (route)",
            r"line 8: \.(php|asp)$ → /<path:any1>.php (route)",
            "line 8: Line 3 has the same kind, pattern, host already.",
            r"line 9: \.asp$ → /<path:any1>.asp (route)",
            "line 9: Line 8 has the same kind, pattern, host already.",
            "line 10: No rule says /x/, left out: it may match anywhere; begin it with ^.",
        ],
    ),
    ".htaccess, spaces, and places that aren't the beginning": (
        r"""
        RewriteRule ^old\ dir/$ - [G]
        RewriteRule "^new dir/$" - [G]
        RewriteRule ^no dir/$ - [G]
        RewriteRule ^nothing$
        RewriteRule /l/ - [G]
        Redirect gone /old dir/
        RedirectMatch gone /p
        """,
        "apache",
        ["exact /old dir/", "exact /new dir/"],
        [
            r"line 1: ^old\ dir/$ → /old dir/ (exact)",
            "line 2: ^new dir/$ → /new dir/ (exact)",
            "line 3: RewriteRule ^no dir/$ - [G] isn't known.",
            "line 4: RewriteRule ^nothing$ isn't known.",
            "line 5: No rule says /l/, left out: it may match anywhere; begin it with ^.",
            "line 6: Redirect 410 /old dir/ isn't known.",
            "line 7: No rule says /p, left out: it may match anywhere; begin it with ^.",
        ],
    ),
    ".htaccess, rules that decide about others": (
        r"""
        RewriteRule ^c$ - [C]
        RewriteRule ^d$ - [G]
        RewriteRule ^e$ - [G]
        RewriteRule ^news$ /n [chain,NC]
        RewriteRule ^f$ - [E=x:1,C]
        RewriteRule ^g$ - [G]
        RewriteRule ^h$ - [S=2]
        RewriteRule ^i$ - [G]
        RewriteRule ^j$ - [G]
        RewriteRule ^k$ - [skip=x]
        RewriteRule ^l$ - [G,L]
        RewriteRule ^secret - [F,L]
        RewriteRule ^m$ /n [L]
        RewriteRule ^n$ - [G]
        <Directory /srv/a>
            RewriteRule ^public/ - [L]
            <IfModule mod_x.c>
                RewriteRule ^static/ - [END]
                RewriteRule ^public/o$ - [G]
            </IfModule>
            RewriteCond %{QUERY_STRING} ^x$
            RewriteRule ^p$ - [G]
            RewriteRule ^static/q$ - [G]
            RewriteRule ^q$ - [G]
            RedirectMatch 410 ^/r$
            RewriteRule ^s$ - [S=9]
        </Directory>
        RewriteRule ^public/t$ - [G]
        <IfModule mod_rewrite.c>
            RewriteRule ^public/ - [L,NC]
        </IfModule>
        RewriteRule ^ - [G]
        """,
        "apache",
        [f"exact /{path}" for path in ("e", "l", "n", "q", "r", "public/t")],
        [
            "line 2: ^d$ depends on RewriteRule ^c$ - [C]: left out.",
            "line 3: ^e$ → /e (exact)",
            "line 6: ^g$ depends on RewriteRule ^f$ - [E=x:1,C]: left out.",
            "line 8: ^i$ depends on RewriteRule ^h$ - [S=2]: left out.",
            "line 9: ^j$ depends on RewriteRule ^h$ - [S=2]: left out.",
            "line 11: ^l$ → /l (exact)",
            "line 12: Not gone (410) but 403: left out.",
            "line 14: ^n$ → /n (exact)",
            "line 19: ^public/o$ depends on RewriteRule ^public/ - [L]: left out.",
            "line 22: ^p$ depends on RewriteCond %{QUERY_STRING} ^x$: left out.",
            "line 23: ^static/q$ depends on RewriteRule ^static/ - [END]: left out.",
            "line 24: ^q$ → /q (exact)",
            "line 25: ^/r$ → /r (exact)",
            "line 28: ^public/t$ → /public/t (exact)",
            "line 32: ^ depends on RewriteRule ^m$ /n [L]: left out.",
        ],
    ),
    "nginx": (
        r"""
        http {
            map $http_upgrade $connection { default upgrade; '' close; }
            map $uri $gone {
                default 0;
                /old-shop 1;
                "/große lampen" 1;
                /kept 0;
                ~^/blog/\d+/ 1;
                "~*^/Chairs/[0-9]{2}$" 1;  # two digits
                include more.map;
            }
            map $host$uri $answer {
                www.example.com/x 410;
                ~^www\.example\.com/old/ 410;
                www.example.com/y 301;
            }
            map $uri $new { /moved /new; }
            map $uri $internal { ~^/admin/ 1; }
            server {
                server_name www.example.com;
                if ($gone) { return 410; }
                if ($http_user_agent ~ bot) { return 410; }
                location = /lamps/7 { return 410; }
                location ^~ /sofas/ {
                    return 410;
                }
                location ~* ^/tables/\d+$ { return 410; }
                location /moved/ { return 301 /new/; }
                location / { try_files $uri @django; }
                location @gone { return 410; }
                rewrite ^/away$ /new permanent;
            }
        }
        """,
        "nginx",
        [
            "exact /old-shop ignore_case=True",
            "exact /große lampen ignore_case=True",
            "route /blog/<int:any1>/",
            "route /blog/<int:any1>/<path:rest>",
            "route /Chairs/<int:any1> ignore_case=True",
            "exact www.example.com/x ignore_case=True",
            "prefix www.example.com/old/",
            "exact /lamps/7",
            "prefix /sofas/",
            "route /tables/<int:any1> ignore_case=True",
        ],
        [
            f"line 7: /kept {LEFT_TO_THE_SITE}",
            r"line 8: ^/blog/\d+/ → /blog/<int:any1>/ (route)",
            r"line 8: ^/blog/\d+/ → /blog/<int:any1>/<path:rest> (route)",
            "line 9: ^/Chairs/[0-9]{2}$ → /Chairs/<int:any1> (route)",
            "line 10: include more.map: not read, since it is another file.",
            r"line 14: ^www\.example\.com/old/ → www.example.com/old/ (prefix)",
            "line 15, line 28, line 31: Not gone (410) but 301: left out.",
            "line 17: Not gone (410) but a redirect: left out.",
            "line 18: Nothing says that what $internal maps is gone (410): left out.",
            "line 22: return 410 depends on if ($http_user_agent ~ bot): left out.",
            r"line 27: ^/tables/\d+$ → /tables/<int:any1> (route)",
            "line 30: return 410 depends on location @gone: left out.",
        ],
    ),
    "nginx, exceptions": (
        r"""
        map $uri $gone {
            default 0;
            ~^/shop/new/ 1;
            ~^/shop/keep/ 0;
            ~^/shop/ 1;
            /wiki/live 0;
            ~^/wiki/ 1;
        }
        map $host$uri $gone_here {
            default $gone;
            ~^[^/]+/a/ $gone;
            ~^www\.example\.com/a 1;
            ~^www\.example\.com/b/ 1;
        }
        map $uri $quiet { /health 0; ~^/shop/ 0; }
        server {
            location ^~ /docs/v2/ { proxy_pass http://x; }
            location = /docs/ { try_files $uri @django; }
            location /docs/ { return 410; }
            location /docs/old/ { return 301 /; }
            location /product- { return 410; }
            location ~ ^/shop_ { return 410; }
        }
        server { location /docs/v2/ { proxy_pass http://x; } location /y/ { return 410; } }
        location /a/b/ { return 410; }
        location /a/ { return 410; }
        location /a/c/ { root /srv; }
        """,
        "nginx",
        [
            "prefix /shop/new/",
            "prefix /wiki/",
            "prefix www.example.com/b/",
            "prefix /docs/",
            "prefix /product-",
            "route /product-<path:rest>",
            "prefix /shop_",
            "route /shop_<path:rest>",
            "prefix /y/",
            "prefix /a/b/",
            "prefix /a/",
        ],
        [
            "line 3: ^/shop/new/ → /shop/new/ (prefix)",
            "line 5: ^/shop/ depends on ~^/shop/keep/ 0: left out.",
            f"line 6: /wiki/live {LEFT_TO_THE_SITE}",
            "line 7: ^/wiki/ → /wiki/ (prefix)",
            r"line 12: ^www\.example\.com/a depends on ~^[^/]+/a/ $gone: left out.",
            r"line 13: ^www\.example\.com/b/ → www.example.com/b/ (prefix)",
            "line 20: Not gone (410) but 301: left out.",
            "line 21: /product- → /product-<path:rest> (route)",
            "line 22: ^/shop_ → /shop_ (prefix)",
            "line 22: ^/shop_ → /shop_<path:rest> (route)",
            f"line 17: /docs/v2/ {LEFT_TO_THE_SITE}",
            f"line 18: /docs/ {LEFT_TO_THE_SITE}",
            f"line 27: /a/c/ {LEFT_TO_THE_SITE}",
        ],
    ),
    "nginx, what a map includes": (
        """
        /old-shop 1;
        www.example.com/lamps 410;
        ~^/blog/ 1;
        /moved /new;
        """,
        "nginx",
        [
            "exact /old-shop ignore_case=True",
            "exact www.example.com/lamps ignore_case=True",
            "prefix /blog/",
        ],
        ["line 3: ^/blog/ → /blog/ (prefix)", "line 4: Not gone (410) but a redirect: left out."],
    ),
    "nginx, as it is requested": (
        r"""
        map $request_uri $gone {
            /caf%C3%A9/ 1;
            /100%25 1;
            /index.php?id=3 1;
            ~^/gro%c3%9fe%20lampen/\d+$ 1;
            ~*^/tables/[^/]+%20x$ 1;
            ~^/store\?id=7 1;
            "~^/%[0-9A-F]{2}" 1;
        }
        map $host$request_uri $is_gone { www.example.com/a%20b?c=%20 1; }
        map $uri $gone { /50%25 1; ~^/60%25$ 1; }
        """,
        "nginx",
        [
            "exact /café/ ignore_case=True",
            "exact /100%25 ignore_case=True",
            "exact /index.php ignore_case=True",
            "route /große lampen/<int:any1>",
            "route /tables/<str:any1> x ignore_case=True",
            "exact www.example.com/a b ignore_case=True",
            "exact /50%2525 ignore_case=True",
            "exact /60%2525",
        ],
        [
            f"line 4, line 10: {LEFT_OUT}",
            r"line 5: ^/gro%c3%9fe%20lampen/\d+$ → /gro%c3%9fe%20lampen/<int:any1> (route)",
            "line 6: ^/tables/[^/]+%20x$ → /tables/<str:any1>%20x (route)",
            r"line 7: No rule says ^/store\?id=7, left out: it asks for a query string.",
            "line 8: No rule says ^/%[0-9A-F]{2}, left out: % isn't known.",
            "line 11: ^/60%25$ → /60%2525 (exact)",
        ],
    ),
    "nginx, as it is requested, what a map includes": (
        """
        /caf%C3%A9/ 1;
        /index.php?id=3 1;
        www.example.com/a%20b 1;
        ~^/%C3%BCber$ 1;
        ~^/colou?r$ 1;
        """,
        "nginx",
        [
            "exact /café/ ignore_case=True",
            "exact /index.php ignore_case=True",
            "exact www.example.com/a b ignore_case=True",
            "exact /über",
            "exact /color",
            "exact /colour",
        ],
        [
            f"line 2: {LEFT_OUT}",
            "line 4: ^/%C3%BCber$ → /%C3%BCber (exact)",
            "line 5: ^/colou?r$ → /color (exact)",
            "line 5: ^/colou?r$ → /colour (exact)",
        ],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("is_told", [False, True])
def test_a_format_is_recognised_and_read(name: str, is_told: bool, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    text, format, expected, expected_remarks = SAMPLES[name]
    content = dedent(text).removeprefix("\n").encode()
    found = Reader(BytesIO(content), RULES.columns, format if is_told else "")
    report = Import(RULES).run(found)
    assert found.format == format
    assert [error for invalid in report.results["invalid"] for error in invalid.errors] == []
    assert rules() == [each.replace(" enabled=True", "") for each in expected]
    assert remarks(report) == expected_remarks


def test_there_is_a_sample_of_each_format() -> None:
    assert {format for _text, format, *_more in SAMPLES.values()} | {"json"} == set(FORMATS)


def test_an_export_of_redirection_may_have_been_edited() -> None:
    strange = [1, {}, {"url": 7}, {"url": "/x\ud800", "action_code": 410, "match_data": []}]
    content = json.dumps({"plugin": {}, "redirects": strange}).encode()
    report = Import(RULES).run(Reader(BytesIO(content), RULES.columns))
    assert [(bad.number, bad.errors) for bad in report.results["invalid"]] == [
        *(
            (number, ["This is no object with a url, as the Redirection plugin writes it."])
            for number in (1, 2, 3)
        ),
        (4, ["In the column url, U+D800 after '/x' is no character."]),
    ]


def test_no_expression_is_compared_with_all_before_it(monkeypatch) -> None:
    """A file may have a hundred thousand of them."""
    monkeypatch.setattr("django_http_errors.importing.expressions.MOST_LEFT", 2)
    left = [f"~^/{letter}/ 0;" for letter in "abcd"]
    for count, expected in ((2, 1), (3, 0), (4, 0)):
        content = "\n".join(["map $uri $gone {", *left[:count], "~^/x/ 1; ~^/a/y/ 1; }"])
        found = list(Reader(BytesIO(content.encode()), RULES.columns))
        assert sum(isinstance(each, ParsedRow) for each in found) == expected
        texts = [each.text for each in found if isinstance(each, Remark)]
        first = "a" if expected else "c"
        assert f"^/a/y/ depends on ~^/{first}/ 0: left out." in texts
        assert ("^/x/ depends on ~^/c/ 0: left out." in texts) is (not expected)


def test_an_expression_counts_as_often_as_it_has_patterns(monkeypatch) -> None:
    monkeypatch.setattr("django_http_errors.importing.expressions.MOST_LEFT", 4)
    for left, expected in (("(a|b|c|d)", 1), ("(a|b|c|d|e)", 0)):
        content = f"map $uri $gone {{\n~^/{left}/ 0; ~^/x/ 1; }}"
        found = list(Reader(BytesIO(content.encode()), RULES.columns))
        assert sum(isinstance(each, ParsedRow) for each in found) == expected


def test_there_is_an_end_to_comparing(monkeypatch) -> None:
    monkeypatch.setattr("django_http_errors.importing.expressions.MOST_COMPARED", 8)
    content = "map $uri $gone {\n~^/(a|b)/ 0; ~^/(c|d)/ 1; ~^/(e|f)/ 1; ~^/g/ 1; }"
    found = list(Reader(BytesIO(content.encode()), RULES.columns))
    assert [each.cells["pattern"] for each in found if isinstance(each, ParsedRow)] == [
        *("/c/", "/d/", "/e/", "/f/")
    ]
    assert isinstance(found[-1], Remark)
    assert found[-1].text == "^/g/ depends on ~^/(a|b)/ 0: left out."


def read(text: str, format: str = "") -> tuple[list[str], list[str], list[str]]:
    """Return the rules that a file makes, the remarks, and what is wrong with rows."""
    content = dedent(text).removeprefix("\n").encode()
    report = Import(RULES, skip_invalid=True).run(Reader(BytesIO(content), RULES.columns, format))
    wrong = [f"{bad.place}: {error}" for bad in report.results["invalid"] for error in bad.errors]
    return rules(), remarks(report), wrong


@pytest.mark.parametrize(
    ("status", "left_out"),
    [
        *(("", ""), ("410", ""), ("404", ""), ("404 Not Found", ""), ("Not found (404)", "")),
        *(("410 Gone", ""), ("GONE", ""), ("not found", ""), ("404.0", ""), ("active", "")),
        *(("Error 404", ""), ("HTTP 404", ""), ("HTTP/1.1 404 Not Found", "")),
        *(("HTTP/1.1 200 OK", "200"), ("Error 500", "500"), ("1404", "1404"), ("/404", "/404")),
        *(("200", "200"), ("200 OK", "200"), ("301 Moved Permanently", "301"), ("OK", "OK")),
        *(("Redirect (301)", "301"), ("Moved", "Moved"), ("0", "0"), ("4040", "4040")),
        *(("disabled", "disabled"), ("Nicht gefunden", "Nicht gefunden"), ("-", "-")),
    ],
)
@pytest.mark.parametrize(
    "heading",
    [
        *("status", "Statuscode", "Status-Code", "http_status", "HTTP Statuscode", "Code"),
        *("Response Code", "HTTP Response Code", "Response Status", "HttpStatus"),
    ],
)
def test_only_what_is_gone_is_taken_of_a_table_with_statuses(
    heading: str, status: str, left_out: str
) -> None:
    made, told, wrong = read(f"url,{heading}\n/s/1/,{status}\n", "csv")
    assert made == ([] if left_out else ["exact /s/1/"])
    assert told == ([f"line 2: Not gone (410) but {left_out}: left out."] if left_out else [])
    assert wrong == []


@pytest.mark.parametrize("status", ["404 Not Found", "Not Found"])
def test_of_redirects_none_is_taken_that_is_not_found(status: str) -> None:
    made, told, _wrong = read(f"from,to,status\n/a/,,{status}\n/b/,,410 Gone\n/c/,/d/,active\n")
    assert made == ["exact /b/"]
    assert told == [
        "line 2: Not gone (410) but 404: left out.",
        "line 4: Not gone (410) but a redirect: left out.",
    ]


BEHIND = (
    "Behind the address stands something else: %s. Name the columns in the first line, or put an"
    " address that has such signs in quotes."
)
WITHIN = "Taken as one address, with what stands in it: %s"
CUT = "What stood behind the address is left out: %s"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/b/,Reason b", BEHIND % ",Reason b"),
        ("/b/;Sold out", BEHIND % ";Sold out"),
        ("/b/|x", BEHIND % "|x"),
        ("/b/ 12", BEHIND % " 12"),
        ("/b/,12", BEHIND % ",12"),
        ("/b/\t12", BEHIND % " 12"),
        ("/b\tx", BEHIND % " x"),
        ("/b 404", BEHIND % " 404"),
        ("/b, Reason", BEHIND % ", Reason"),
        ("/b,/c", BEHIND % ",/c"),
        ("/b;301", BEHIND % ";301"),
        ("/b;https://a.example/", BEHIND % ";https://a.example/"),
        ("/b => /c", BEHIND % " => /c"),
        ("/b -> gone", BEHIND % " -> gone"),
        ("https://a.example/b/;301", BEHIND % ";301"),
        ('"/b/","/c/"', BEHIND % '","/c/'),
    ],
)
def test_what_stands_behind_an_address_of_a_list_is_refused(line: str, expected: str) -> None:
    for first in ("", "Seiten\n"):
        made, told, wrong = read(f"{first}/a/\n{line}\n/z/\n", "list")
        assert made == ["exact /a/", "exact /z/"]
        assert told == []
        assert wrong == [f"line {3 if first else 2}: {expected}"]
        PermanenceRule.objects.all().delete()


def test_what_has_an_address_is_no_heading() -> None:
    made, _told, wrong = read("12 /a/\n/b/\n", "list")
    assert (made, wrong) == (
        ["exact /b/"],
        ["line 1: An address begins with a slash: /12 /a/"],
    )


def test_a_long_first_line_of_a_list_is_read_at_once() -> None:
    began = perf_counter()
    made, _told, wrong = read(f"{'a.' * 16_000}\n/b/\n", "list")
    assert perf_counter() - began < 5
    assert (made, wrong) == (["exact /b/"], [])


@pytest.mark.parametrize(
    "line",
    ["/a/,Reason a", "/a/;Sold out", "/a.html, x", "/a,/b", "/a;301", "/a/\t12", "/a,12", "/a, 12"],
)
def test_a_table_without_a_heading_is_refused_whole(line: str) -> None:
    with pytest.raises(FileError, match="line 1: The first line has to name"):
        read(f"{line}\n/b/\n", "list")


@pytest.mark.parametrize(
    ("line", "expected", "remark"),
    [
        ("/a,b/", "/a,b/", WITHIN % ","),
        ("/a;b", "/a;b", WITHIN % ";"),
        ("/a|b/", "/a|b/", WITHIN % "|"),
        ("/my file.pdf", "/my file.pdf", WITHIN % "' '"),
        ("/a.html,Sold", "/a.html,Sold", WITHIN % ","),
        ("/artikel,1234", "/artikel,1234", WITHIN % ","),
        ("/b-a.1,123", "/b-a.1,123", WITHIN % ","),
        ("/x;12", "/x;12", WITHIN % ";"),
        ("/Report 2023", "/Report 2023", WITHIN % "' '"),
        ("/room 612", "/room 612", WITHIN % "' '"),
        ('"/a,b/"', "/a,b/", ""),
        ("'/my file, 2/'", "/my file, 2/", ""),
        ("/a%2Cb%20c/", "/a,b c/", ""),
        ("/a/,", "/a/", CUT % ","),
        ("'/a/',", "/a/", CUT % ","),
        ("/a;;", "/a", CUT % ";;"),
        ("/a/?x=1,2", "/a/", LEFT_OUT),
        ("/a/ # b, c", "/a/", LEFT_OUT),
    ],
)
def test_what_may_be_a_part_of_an_address_of_a_list_is_named(
    line: str, expected: str, remark: str
) -> None:
    made, told, wrong = read(f"/z/\n{line}\n", "list")
    assert (made, wrong) == (["exact /z/", f"exact {expected}"], [])
    assert told == ([f"line 2: {remark}"] if remark else [])


UNREAD = "line 1: Columns that say nothing of a rule weren't read: "
TAKEN = "line 1: The column %s was read as %s, by what stands in it."


@pytest.mark.parametrize(
    ("text", "address", "unread"),
    [
        ("Die häufigsten Seiten,Klicks,CTR\n/a/,3,3%\n", "Die häufigsten Seiten", "Klicks, CTR"),
        ("Páginas principales;Clics\n/a/;250\n", "Páginas principales", "Clics"),
        ("上位のページ,掲載順位\n/a/,4\n", "上位のページ", "掲載順位"),
        ("Target page,Incoming links\n/a/,5\n", "Target page", "Incoming links"),
        ("Nr,Seite,Ziel\n1,/a/,\n", "Seite", "Nr, Ziel"),
        ("Seite,Typ,Am,Titel\n/a/,text/html;x,1/2/24,A / B\n", "Seite", "Typ, Am, Titel"),
        ("Seite,CTR,Klicks\n/a/,100%,N/A\n", "Seite", "CTR, Klicks"),
    ],
)
def test_a_column_of_addresses_is_known_by_what_stands_in_it(
    text: str, address: str, unread: str
) -> None:
    made, told, wrong = read(text)
    assert (made, wrong) == (["exact /a/"], [])
    assert told == [TAKEN % (address, "pattern"), f"{UNREAD}{unread}."]


def test_a_column_with_a_known_name_is_none_of_addresses() -> None:
    made, told, _wrong = read("Alt;To\n/a/;\n/b/;/c/\n")
    assert made == ["exact /a/"]
    assert told == [
        TAKEN % ("Alt", "pattern"),
        "line 3: Not gone (410) but a redirect: left out.",
    ]


def test_a_column_of_statuses_is_known_so_too() -> None:
    """A crawler's table: without it, the live pages would be gone."""
    text = "Dirección,Código,Clics\n/a/,404,20\n/b/,200 OK,3\n\n/c/,301,\n/d/,410,\n"
    made, told, _wrong = read(text)
    assert made == ["exact /a/", "exact /d/"]
    assert told == [
        TAKEN % ("Dirección", "pattern"),
        TAKEN % ("Código", "status"),
        f"{UNREAD}Clics.",
        "line 3: Not gone (410) but 200: left out.",
        "line 5: Not gone (410) but 301: left out.",
    ]


def test_screaming_frog_in_german() -> None:
    made, told, _wrong = read(
        '"Adresse","Inhaltstyp","Statuscode"\n"/a/","text/html","404"\n"/b/","text/html","200"\n'
    )
    assert made == ["exact /a/"]
    assert told[0] == TAKEN % ("Adresse", "pattern")
    assert told[-1] == "line 3: Not gone (410) but 200: left out."


@pytest.mark.parametrize(
    "text",
    [
        "Alt,Neu\n/a/,/b/\n",  # which of them is gone?
        "Seite,Klicks\n",
        "Seite,Klicks\n,3\n",
        "Seite,Klicks\na/,3\n",
        "Alt,Neu\nalt.html,/neu/\n",
        "Kaputt,Verweis\nfoo/bar,/kontakt/\n",
        "Alt,Neu\n/a/,\n/b/,neu/b\n",
        "Alt,Neu\n/a/,-\n/b/,neu.php?x=1\n",
        # Which of them is a status?
        "Dirección,Código\n/a/,404\n/b/,200\n/c/,0\n",
        "Dirección,Código\n/a/,404\n/b/,200\n/c/,-\n",
        "Dirección,Estado\n/a/,404 Not Found\n/b/,200 OK\n/c/,Timeout\n",
        "Dirección,Código,Clics\n/a/,200,200\n",
        "Dirección,Código,Clics\n/a/,404,200\n/b/,200,3\n",
    ],
)
def test_where_no_column_or_more_than_one_has_addresses_none_is_taken(text: str) -> None:
    with pytest.raises(FileError, match="No column has addresses"):
        read(text)


@pytest.mark.parametrize("format", ["", "csv"])
def test_an_address_in_an_unread_column_spoils_its_row(format: str) -> None:
    """The rows that were looked at have none, and what it is there for nobody knows."""
    blank = "".join(f"/p/{number}/,\n" for number in range(20))
    made, _told, wrong = read(f"Alt,Neu\n{blank}/x/,/y/\n/z/,\n", format)
    assert made[-2:] == ["exact /p/19/", "exact /z/"]
    assert wrong == ["line 22: The first line has to name the columns, such as pattern."]


def test_a_table_without_a_heading_loses_no_address() -> None:
    for text in ("/a/,x\n/b/,y\n", "x,/a/\ny,/b/\n"):
        with pytest.raises(FileError, match="line 1: The first line has to name"):
            read(text, "csv")


def test_a_spreadsheet_may_begin_with_blank_rows() -> None:
    made, told, wrong = read(';;;\n"";"";;\nURL;Status;;\n/a/;;;\n;;;\n/b/;200;;\n')
    assert (made, wrong) == (["exact /a/"], [])
    assert told == ["line 6: Not gone (410) but 200: left out."]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("=/ng/f", "exact /ng/f"),
        ("^~/ng/g/", "prefix /ng/g/"),
        (r"~^/ng/h/$", "exact /ng/h/"),
        (r"~*\.old$", "route /<path:any1>.old ignore_case=True"),
        ('"=/ng/i"', "exact /ng/i"),
    ],
)
def test_a_location_needs_no_space_behind_its_modifier(words: str, expected: str) -> None:
    made, _told, wrong = read(f"location {words} {{ return 410; }}\n")
    assert (made, wrong) == ([expected], [])


def test_variables_of_nginx_may_stand_in_braces() -> None:
    made, told, wrong = read(
        """
        map $host $other { a 1; }
        map ${uri} $gone { /a 1; ~^/b/ ${other}; }
        map ${host}${uri} $gone_here { localhost/c 1; }
        server { if (${gone}) { return 410; } }
        """,
    )
    assert (made, wrong) == (
        ["exact /a ignore_case=True", "exact localhost/c ignore_case=True"],
        [],
    )
    assert told == []


def test_a_map_that_is_not_read_is_named_where_it_may_say_gone() -> None:
    made, told, _wrong = read(
        """
        map $scheme://$host$uri $gone { default 0; https://a.example/s/ 1; https://a.example/t 0; }
        map $arg_id $answer { 7 410; 8 301; }
        map $http_upgrade $connection { default upgrade; '' close; }
        map $http_user_agent $is_bot { ~bot 1; }
        """,
    )
    assert made == []
    assert told == [
        "line 1: https://a.example/s/ depends on map $scheme://$host$uri $gone: left out.",
        "line 2: 7 depends on map $arg_id $answer: left out.",
    ]


@pytest.mark.parametrize(
    ("before", "expression", "is_gone"),
    [
        ("^(css|js|img)/ - [L]", "^alt/(.*)$", True),
        (r"^robots\.txt$ - [L]", "^alt/(.*)$", True),
        ("^alt/neu/ - [L]", "^alt/(.*)$", False),
        ("^alt/neu/ - [L]", "^alt/neu/x$", False),
        ("^ALT/ - [L,NC]", "^alt/x$", False),
        ("^ - [L]", "^alt/x$", False),
        ("!^alt/ - [L]", "^alt/x$", False),
        ("foo - [L]", "^alt/x$", False),
        ("^al - [END]", "^alt/x$", False),
        (". /index.php [L]", "^alt/x$", False),
        ("^. /index.php [END]", "^alt/x$", False),
        ("^(.*)$ /index.php?q=$1 [QSA,L]", "^alt/x$", False),
        ("^alt/(.+)$ /neu/$1 [L]", "^alt/x$", False),
        ("^alt/(.+)$ /neu/$1 [PT]", "^alt/x$", False),
        ("^alt/(.+)$ /neu/$1", "^alt/x$", True),
        ("^neu/(.+)$ /alt/$1 [L]", "^alt/x$", True),
        (r"^\. - [L]", "^alt/x$", True),
        ("^.well-known/ - [L]", "^alt/x$", True),
    ],
)
def test_apache_leaves_to_the_site_what_a_rule_before_matches(
    before: str, expression: str, is_gone: bool
) -> None:
    made, told, _wrong = read(f"RewriteRule {before}\nRewriteRule {expression} - [G]\n")
    assert bool(made) == is_gone
    assert any("depends on RewriteRule" in text for text in told) == (not is_gone)


def test_no_rule_below_the_front_controller_of_wordpress_is_asked() -> None:
    made, told, _wrong = read(
        r"""
        RewriteBase /
        RewriteRule ^alt/$ - [G]
        RewriteRule ^index\.php$ - [L]
        RewriteCond %{REQUEST_FILENAME} !-f
        RewriteCond %{REQUEST_FILENAME} !-d
        RewriteRule . /index.php [L]
        RewriteRule ^kontakt/$ - [G]
        """
    )
    assert made == ["exact /alt/"]
    assert told[-1] == "line 7: ^kontakt/$ depends on RewriteRule . /index.php [L]: left out."


def test_apache_knows_a_rule_below_its_base() -> None:
    made, told, _wrong = read(
        """
        RewriteBase /shop/
        RewriteRule ^css/ - [L]
        RewriteRule ^css/a$ - [G]
        RewriteRule ^/css/a$ - [G]
        """
    )
    assert made == ["exact /css/a"]
    assert told[0] == "line 3: ^/shop/css/a$ depends on RewriteRule ^css/ - [L]: left out."
