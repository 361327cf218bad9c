// A Worker for Cloudflare, whose static assets (the binding ASSETS, with run_worker_first) are the
// files beside this one. It stands in front of Django, and answers where that gives no answer.
const languages = [{% for language, pattern in languages %}["{{ language }}", /^{{ pattern }}\b/i], {% endfor %}];
// What Cloudflare says of an origin that it can't reach (520 to 527) is a 502 to clients.
const statuses = new Map([[502, 502], [503, 503], [504, 504], [522, 504], [524, 504]]);
const pages = [{% for status in statuses %}{{ status }}, {% endfor %}];
// What has no words in a language is sent in English.
const missing = [{% for name in missing %}"{{ name }}", {% endfor %}];

async function page(status, request, env) {
  if (!pages.includes(status)) {
    return new Response(null, { status });
  }
  const wanted = request.headers.get("Accept-Language") ?? "";
  const accepted = request.headers.get("Accept") ?? "";
  const asked = languages.find(([, pattern]) => pattern.test(wanted))?.[0] ?? "{{ default }}";
  const json = /[/+.-]json/i.test(accepted) && !/text\/html/i.test(accepted);
  const name = `${status}.${json ? "json" : "html"}`;
  const language = missing.includes(`${asked}/${name}`) ? "en" : asked;
  const file = new URL(`/${language}/${name}`, request.url);
  const found = await env.ASSETS.fetch(new Request(file));
  return new Response(found.body, {
    status,
    headers: {
      "Content-Type": json ? "application/problem+json" : "text/html; charset=utf-8",
      "Content-Language": language,
      "Cache-Control": "no-store",
      "Vary": "Accept, Accept-Language",
      "X-Content-Type-Options": "nosniff",
    },
  });
}

export default {
  async fetch(request, env) {
    let response;
    try {
      response = await fetch(request);
    } catch {
      return page(502, request, env);
    }
    // Django's own answers have the header from its SecurityMiddleware.
    const own = response.status >= 520 && response.status <= 527;
    if (own || (response.status >= 502 && !response.headers.has("X-Content-Type-Options"))) {
      return page(statuses.get(response.status) ?? 502, request, env);
    }
    return response;
  },
};
