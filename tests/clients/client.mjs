// The official JavaScript client as a program: takes commands as JSON lines, tells what happens as JSON lines.
// Commands and words are those of client.py; tests/src/realtime.rs drives both.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

// Installed elsewhere, see scripts/setup-test.sh.
const require = createRequire(process.env.ORQESTRA_TEST_CLIENTS + '/');
const { Centrifuge } = require('centrifuge');
const WebSocket = require('ws');

const tell = (is, more = {}) => process.stdout.write(JSON.stringify({ is, ...more }) + '\n');
let centrifuge;
let tokens = [];

// Asks for a token and waits for the command that brings one.
const getToken = () => {
  tell('token_asked');
  return new Promise((given) => tokens.push(given));
};

const commands = {
  connect({ url, token, origin }) {
    if (!centrifuge) {
      const Socket = class extends WebSocket {
        constructor(to, protocols) { super(to, protocols, origin ? { origin } : {}); }
      };
      centrifuge = new Centrifuge(url, {
        token, getToken, websocket: Socket, minReconnectDelay: 50, maxReconnectDelay: 500,
      });
      centrifuge.on('connected', () => tell('connected'));
      centrifuge.on('connecting', ({ code, reason }) => tell('connecting', { code, reason }));
      centrifuge.on('disconnected', ({ code, reason }) => tell('disconnected', { code, reason }));
      centrifuge.on('error', ({ error }) => tell('error', { code: error.code, reason: error.message }));
    }
    centrifuge.connect();
  },
  token({ token }) { tokens.shift()?.(token); },
  subscribe({ channel }) {
    const subscription = centrifuge.newSubscription(channel, {
      recoverable: true, positioned: true, minResubscribeDelay: 50, maxResubscribeDelay: 500,
    });
    subscription.on('subscribed', ({ wasRecovering, recovered }) => tell('subscribed', { channel, wasRecovering, recovered }));
    subscription.on('unsubscribed', ({ code, reason }) => tell('unsubscribed', { channel, code, reason }));
    subscription.on('publication', ({ data, offset }) => tell('publication', { channel, data, offset: offset ?? 0 }));
    subscription.subscribe();
  },
  disconnect() { centrifuge.disconnect(); },
};

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
});
// Whoever started this program is gone.
lines.on('close', () => process.exit(0));
tell('ready');
