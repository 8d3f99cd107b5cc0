// The server behind the page. Every answer is {ok, ...}; an unreachable server is an answer too.
export async function post(path, body) {
  try {
    const response = await fetch(`/ui/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    return await answerOf(response);
  } catch {
    return { ok: false, error: "The local workspace does not answer. Is it still running?" };
  }
}

export async function loadState(as) {
  try {
    return await answerOf(await fetch(`/ui/state?as=${encodeURIComponent(as ?? "")}`, { cache: "no-store" }));
  } catch {
    return { ok: false, unreachable: true, error: "The local workspace does not answer." };
  }
}

async function answerOf(response) {
  const text = await response.text();
  try {
    const answer = JSON.parse(text);
    return { ok: response.ok, ...answer };
  } catch {
    return { ok: false, error: `The local workspace answered ${response.status}: ${text.slice(0, 200) || "nothing"}` };
  }
}
