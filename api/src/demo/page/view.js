// What is seen and heard. Text from outside is put in as text alone, never as markup.

const TOAST_FOR = 6_000;
const TOASTS = 2;

const at = (id) => document.getElementById(id);
const STATES = { connecting: 'Connecting', connected: 'Connected', disconnected: 'Disconnected' };

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Ties the page's controls to what they do. */
export function start({ signIn, placeOrder, askAgain }) {
  at('account').addEventListener('submit', (event) => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.currentTarget));
    at('connect').disabled = true;
    at('sign-in-problem').textContent = '';
    signIn({ key: form.key.trim(), tenant: form.tenant.trim(), user: form.user });
  });
  at('order').addEventListener('submit', (event) => {
    event.preventDefault();
    placeOrder(Object.fromEntries(new FormData(event.currentTarget)));
  });
  at('cancel').addEventListener('click', () => at('sign-in').close());
  at('change-user').addEventListener('click', askAgain);
  at('sign-in-again').addEventListener('click', askAgain);
  at('bell').addEventListener('click', () => {
    const list = at('notifications');
    list.scrollIntoView({ block: 'start' });
    list.focus({ preventScroll: true });
  });
}

// ---- who is signed in

/** Opens the form with what is known, and says what was wrong with it. */
export function askWhoItIs({ key = '', tenant = '', user = 'u-1' }, problem) {
  const fields = at('account').elements;
  [fields.key.value, fields.tenant.value, fields.user.value] = [key, tenant, user];
  at('connect').disabled = false;
  at('sign-in-problem').textContent = problem;
  if (!at('sign-in').open) at('sign-in').showModal();
  fields[key && tenant ? 'user' : key ? 'tenant' : 'key'].focus();
  if (at('user').textContent === 'nobody') connection('disconnected', problem ? '' : 'sign in first');
}

export function signedIn({ user }) {
  at('connect').disabled = false;
  at('user').textContent = user;
  note('', 'none');
  answer('none', '');
  if (at('sign-in').open) at('sign-in').close();
}

// ---- the connection

let pause = null;

export function connection(state, reason) {
  clearInterval(pause);
  at('connection').dataset.state = state;
  at('state').textContent = STATES[state];
  at('reason').textContent = reason;
  at('countdown').textContent = '';
  at('connection').title = reason;
}

/** Says why there is no connection and counts down to `until`, when it is tried again. */
export function awayFor(why, until, again) {
  const tell = () => {
    const left = Math.ceil((until - Date.now()) / 1_000);
    if (left > 0) {
      at('countdown').textContent = `again in ${left} s`;
      return;
    }
    clearInterval(pause);
    again();
  };
  connection('disconnected', why);
  tell();
  pause = setInterval(tell, 250);
}

/** The connection is back, and so many were missed; `null` if it is not known how many. */
export function back(missed) {
  if (missed === null) note('Back after too long: the history was read again.', 'back');
  else if (missed === 0) note('Back: nothing was missed.', 'back');
  else note(`Back: recovered ${missed} missed ${missed === 1 ? 'notification' : 'notifications'}.`, 'back');
}

export function note(text, kind) {
  at('note').dataset.kind = kind;
  at('note').textContent = text;
}

// ---- the inbox

/** Shows all of it, newest first. Rows that are there stay, and with them the focus. */
export function inbox(items, { added, historyRead, open }) {
  const list = at('list');
  const wanted = new Set(items.map(({ id }) => id));
  for (const row of [...list.children]) if (!wanted.has(row.dataset.id)) row.remove();
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  items.forEach((item, place) => {
    const row = rows.get(item.id) ?? newRow(item, open);
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    if (item === added) row.classList.add('new');
    if (item.read && !row.classList.contains('read')) becomeRead(row);
  });
  at('empty').hidden = items.length > 0;
  at('sign-in-again').hidden = historyRead;
  if (historyRead) {
    at('empty-title').textContent = 'Nothing here yet';
    at('empty-text').textContent = 'Place an order: its notification arrives here without a reload.';
  }
  count(items.filter(({ read }) => !read).length, items.length, added);
}

function newRow({ id, title, body, createdAt }, open) {
  const row = make('li', 'row');
  row.dataset.id = id;
  const text = make('div', 'text');
  const heading = make('h3', '', title || 'Without a title');
  heading.id = `title-${id}`;
  text.append(heading, make('p', '', body));
  const time = make('time', 'quiet', when(new Date(createdAt)));
  time.dateTime = createdAt;
  const button = make('button', 'mark', 'Mark as read');
  button.type = 'button';
  button.setAttribute('aria-describedby', heading.id);
  const side = make('div', 'side');
  side.append(time, button);
  row.append(make('span', 'unread'), text, side);
  // A disabled button would lose the focus.
  let busy = false;
  row.addEventListener('click', () => {
    if (busy || row.classList.contains('read')) return;
    busy = true;
    open(id).finally(() => { busy = false; });
  });
  return row;
}

/** The button gives way to a word, and the focus goes to the next one that is unread. */
function becomeRead(row) {
  const button = row.querySelector('.mark');
  const focused = document.activeElement === button;
  row.classList.add('read');
  button.replaceWith(make('span', 'mark', 'Read'));
  if (focused) (at('list').querySelector('button.mark') ?? at('notifications')).focus();
}

function when(time) {
  const today = new Date().toDateString() === time.toDateString();
  return today ? time.toLocaleTimeString() : time.toLocaleDateString();
}

function count(unread, all, added) {
  const bell = at('bell');
  at('count').hidden = unread === 0;
  at('count').textContent = unread > 99 ? '99+' : String(unread);
  bell.setAttribute('aria-label', `Notifications, ${unread || 'none'} unread`);
  document.title = unread ? `(${unread}) Demo shop` : 'Demo shop';
  at('summary').textContent = all ? `${unread} of ${all} unread` : 'None';
  const said = `${unread || 'No'} unread ${unread === 1 ? 'notification' : 'notifications'}.`;
  at('announcer').textContent = added ? `${added.title}. ${said}` : said;
  if (added) {
    bell.classList.remove('rings');
    void bell.offsetWidth; // so that the movement begins again
    bell.classList.add('rings');
  }
}

export function toast({ title, body }) {
  const toasts = at('toasts');
  const toast = make('div', 'toast');
  const close = make('button', 'close', '×');
  close.type = 'button';
  close.setAttribute('aria-label', `Dismiss: ${title}`);
  const text = make('div', 'text');
  text.append(make('b', '', title), make('p', '', body));
  toast.append(text, close);
  close.addEventListener('click', () => toast.remove());
  toasts.append(toast);
  while (toasts.children.length > TOASTS) toasts.firstChild.remove();
  setTimeout(() => toast.remove(), TOAST_FOR);
}

// ---- orders

let waiting = null;

function answer(kind, text) {
  clearInterval(waiting);
  at('answer').dataset.kind = kind;
  at('answer-text').textContent = text;
  at('answer-wait').textContent = '';
  at('place').disabled = kind === 'pending';
}

export function ordering() {
  answer('pending', 'Placing the order…');
}

export function ordered(message) {
  answer('done', message);
  const number = at('order').elements.orderNumber;
  number.value = number.value.replace(/\d+$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'));
}

/** What was refused while the page was away is worth another try. */
export function letInAgain() {
  if (at('answer').dataset.kind === 'refused' && !at('answer-wait').textContent) answer('none', '');
}

/** Says why, and counts down until another try is worth it. */
export function orderRefused(message, seconds) {
  answer('refused', message);
  if (!seconds) return;
  at('place').disabled = true;
  const until = Date.now() + seconds * 1_000;
  const tell = () => {
    const left = Math.ceil((until - Date.now()) / 1_000);
    at('answer-wait').textContent = left > 0 ? `Try again in ${left} s.` : 'Try again now.';
    if (left > 0) return;
    clearInterval(waiting);
    at('place').disabled = false;
  };
  tell();
  waiting = setInterval(tell, 500);
}
