// The page's flow: who is signed in, the connection, what is in the inbox, and orders.
// `Centrifuge` is the official client, loaded before this file.

import * as engine from './engine.js';
import * as view from './view.js';

const KEPT = 'orqestra-demo';
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
const inbox = new Map();
let account = null;
let live = null;
let historyRead = false;
let missed = 0;
/** What an earlier try to sign in brings, and what a replaced connection still tells, is for nobody. */
let tries = 0;
let turn = 0;
/** How long the next pause is after which a page that was sent away tries again; it doubles until a connection holds. */
let pause = FIRST_PAUSE;

/** Codes after which the client stays away by itself, in words. */
const WHY_AWAY = {
  1: 'the engine gives no token', // the client's own, when getToken is refused
  3500: 'the engine does not take the token',
  3501: 'the engine did not understand this page',
  3502: 'this page showed no token in time',
  3504: 'there are too many connections, of this user or of its tenant',
  3507: 'this tenant is switched off',
};

// ---- who is signed in

/** What a link brings after `#` is taken out of the address bar at once; the engine never saw it. */
function fromLink() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (!given.has('key')) return null;
  history.replaceState(null, '', location.pathname);
  return { key: given.get('key'), tenant: given.get('tenant') ?? '', user: given.get('user') || 'u-1' };
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

async function signIn(wanted) {
  const mine = ++tries;
  try {
    if (!/^[\x21-\x7e]+$/.test(wanted.key)) throw new engine.Refused('This is no API key: it has other characters.', 401);
    const [token, rows] = await Promise.all([engine.realtimeToken(wanted), engine.history(wanted)]);
    if (mine !== tries) return;
    live?.disconnect();
    account = wanted;
    sessionStorage.setItem(KEPT, JSON.stringify(account));
    inbox.clear();
    historyRead = true;
    view.signedIn(account);
    merge(rows);
    pause = FIRST_PAUSE;
    connect(token, ++turn);
  } catch (error) {
    if (mine !== tries) return;
    view.askWhoItIs(wanted, error.message);
  }
}

// ---- the connection

function connect({ token, channels }, mine) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const asked = account;
  live = new Centrifuge(`${scheme}//${location.host}/connection/websocket`, {
    token,
    getToken: async () => {
      try {
        return (await engine.realtimeToken(asked)).token;
      } catch (error) {
        // Then the client stays away; after anything else it asks again.
        throw error.status === 401 ? new Centrifuge.UnauthorizedError(error.message) : error;
      }
    },
  });
  const current = (what) => (context) => { if (mine === turn) what(context); };
  live.on('connecting', current(({ code, reason }) => {
    missed = 0;
    view.connection('connecting', code === 0 ? '' : `was cut off (${reason}), trying again`);
  }));
  live.on('connected', current(() => {
    pause = FIRST_PAUSE;
    view.connection('connected', `live on ${channels.map((name) => name.split('#')[0]).join(', ')}`);
  }));
  live.on('disconnected', current(({ code, reason }) => {
    // 0: this page has said so itself.
    if (code !== 0) comeBack(WHY_AWAY[code] ?? reason, channels);
  }));
  for (const channel of channels) follow(channel, current);
  followChanges(`inbox#${channels[0].slice(channels[0].indexOf('#') + 1)}`, current);
  live.connect();
}

/**
 * Tries again after a pause with a fresh token: the client itself stays away. It is the same client, whose subscriptions
 * know where they stood, so that what came meanwhile is recovered.
 */
function comeBack(why, channels) {
  const mine = turn;
  const asked = account;
  // Pages that were sent away together do not come back together.
  const until = Date.now() + pause * (0.8 + 0.4 * Math.random());
  pause = Math.min(pause * 2, LONGEST_PAUSE);
  view.awayFor(why, until, async () => {
    if (mine !== turn) return;
    view.connection('connecting', why);
    try {
      const given = await engine.realtimeToken(asked);
      if (mine !== turn) return;
      view.letInAgain();
      if (given.channels.join() === channels.join()) {
        live.setToken(given.token);
        live.connect();
      } else {
        connect(given, ++turn);
      }
    } catch (error) {
      if (mine !== turn) return;
      const now = error.status === 0 ? 'the engine does not answer' : inside(error.message);
      if (error.status === 401 && error.code !== 'tenant_inactive') view.connection('disconnected', now);
      else comeBack(now, channels);
    }
  });
}

/** A sentence as it stands inside another one. */
const inside = (sentence) => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

/** Pushes of one category; what was missed while away comes right after `subscribed`. */
function follow(channel, current) {
  const subscription = live.newSubscription(channel, { recoverable: true, positioned: true });
  let recovering = false;
  subscription.on('subscribed', current(({ wasRecovering, recovered }) => {
    if (!wasRecovering) return;
    recovering = true;
    queueMicrotask(() => {
      recovering = false;
      view.back(recovered ? missed : null);
    });
  }));
  subscription.on('publication', current(({ data }) => {
    if (recovering) missed += 1;
    const added = add({ ...data, status: 'UNREAD' });
    if (!added) return;
    show(added);
    if (!recovering) view.toast(added);
  }));
  subscription.on('unsubscribed', current(({ code, reason }) => {
    if (code !== 0) view.note(`The channel ${channel} was closed: ${reason}.`, 'problem');
  }));
  subscription.subscribe();
}

/** Changes of the inbox, also by other tabs. They are not recovered, so the history is read again. */
function followChanges(channel, current) {
  const subscription = live.newSubscription(channel);
  subscription.on('subscribed', current(() => readHistory(current)));
  subscription.on('publication', current(({ data }) => {
    if (data.status === 'READ') read(data.id);
  }));
  subscription.subscribe();
}

async function readHistory(current) {
  try {
    const rows = await engine.history(account);
    current(() => merge(rows))();
  } catch (error) {
    current(() => view.note(`The history cannot be read. ${error.message}`, 'problem'))();
  }
}

// ---- the inbox

/** Adds a notification unless it is there; gives it if it is new. What is read stays read. */
function add({ id, title, body, status, created_at: createdAt }) {
  const there = inbox.get(id);
  if (there) {
    if (status === 'READ') there.read = true;
    return null;
  }
  const item = { id, title, body, createdAt, arrived: inbox.size, read: status === 'READ' };
  inbox.set(id, item);
  return item;
}

function merge(rows) {
  [...rows].reverse().forEach(add);
  show(null);
}

function show(added) {
  // Times are told in whole seconds: of two in one second the later to arrive is the newer.
  const newer = (a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || b.arrived - a.arrived;
  const items = [...inbox.values()].sort(newer);
  view.inbox(items, { added, historyRead, open: markRead });
}

function read(id) {
  const item = inbox.get(id);
  if (!item || item.read) return;
  item.read = true;
  show(null);
}

async function markRead(id) {
  const mine = turn;
  try {
    await engine.markRead(account, id);
    if (mine === turn) read(id);
  } catch (error) {
    if (mine === turn) view.note(`It could not be marked as read. ${error.message}`, 'problem');
  }
}

// ---- orders

let orderKey = null;

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function placeOrder(variables) {
  if (!account) {
    view.askWhoItIs(kept() ?? {}, '');
    return;
  }
  // An order whose answer was lost is sent again under its own key, and so counts once.
  const text = JSON.stringify([account.user, variables]);
  if (orderKey?.text !== text) orderKey = { text, key: newKey() };
  view.ordering();
  try {
    const answer = await engine.placeOrder(account, variables, orderKey.key);
    orderKey = null;
    view.ordered(answer.message);
  } catch (error) {
    view.orderRefused(error.message, error.retryAfter);
  }
}

// ---- the start

view.start({
  signIn,
  placeOrder,
  askAgain: () => view.askWhoItIs(account ?? kept() ?? {}, ''),
});
// A link may come from anybody: who is signed in already is asked first.
function byLink(link) {
  const before = kept();
  if (before && before.key !== link.key) view.askWhoItIs(link, 'This link brings another API key than the one in use.');
  else signIn(link);
}

window.addEventListener('hashchange', () => {
  const link = fromLink();
  if (link) byLink(link);
});
const link = fromLink();
const given = link ?? kept();
if (link) {
  view.connection('connecting', '');
  byLink(link);
} else if (given) {
  view.connection('connecting', '');
  signIn(given);
} else {
  view.askWhoItIs({}, '');
}
