// The engine's routes, called as a shop's backend would call them, and its refusals in words.
// A real front end holds no API key: its own backend makes these calls.

const ANSWER_WITHIN = 15_000;

/** What the engine did not do, in words for people. */
export class Refused extends Error {
  constructor(message, status, { code = '', retryAfter = 0 } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const WORDS = {
  missing_api_key: 'The API key is missing.',
  invalid_api_key: 'The engine does not know this API key. Copy it from what orqestra up printed.',
  tenant_inactive: 'This tenant is switched off.',
  invalid_signature: "This tenant's orders must be signed. Its webhook secret belongs in a backend, so this page has none.",
  unknown_tenant: 'The API key belongs to another tenant than this one. Check the tenant id.',
  unknown_notification: 'The engine does not know this notification.',
};

function inWords(status, told) {
  if (WORDS[told.code]) return WORDS[told.code];
  const fields = (told.details ?? []).map(({ field, message }) => `${field} ${message}`);
  if (status === 422 && fields.length) return `The engine does not take this. ${fields.join('; ')}.`;
  return told.message ? `${told.message}.` : `The engine answered with status ${status}.`;
}

async function call(account, method, path, body, more = {}) {
  const headers = { 'x-api-key': account.key, ...more };
  if (body) headers['content-type'] = 'application/json';
  const within = new AbortController();
  const timer = setTimeout(() => within.abort(), ANSWER_WITHIN);
  try {
    const answer = await fetch(path, {
      method, headers, body: body && JSON.stringify(body), cache: 'no-store', credentials: 'omit', signal: within.signal,
    });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    const retryAfter = Number(answer.headers.get('retry-after')) || 0;
    throw new Refused(inWords(answer.status, told), answer.status, { code: told.code, retryAfter });
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused('The engine does not answer. Try again in a moment.', 0);
  } finally {
    clearTimeout(timer);
  }
}

const inbox = ({ tenant, user }) => `/api/v1/notifications/${encodeURIComponent(tenant)}/${encodeURIComponent(user)}`;

/** A token for the user's connection, and the channels that it opens. */
export const realtimeToken = (account) =>
  call(account, 'POST', '/api/v1/auth/realtime-token', { userId: account.user });

/** The user's newest notifications. */
export const history = async (account) => (await call(account, 'GET', `${inbox(account)}?limit=100`)).data;

/** Marks one as read. */
export const markRead = (account, id) => call(account, 'PUT', `${inbox(account)}/${encodeURIComponent(id)}/read`);

/** Triggers `order.confirmed`. The same key sent again is the same order. */
export const placeOrder = (account, variables, key) =>
  call(account, 'POST', '/api/v1/events/trigger', {
    eventType: 'order.confirmed', channels: ['PUSH'], payload: { userId: account.user }, variables,
  }, { 'x-idempotency-key': key });
