/** The page's skeleton. It holds no word of the hub: the script asks for what it shows. */

export const PAGE_HTML: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>IoT Hub emulator</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%231d6f8a'/%3E%3Cg fill='none' stroke='white' stroke-width='2'%3E%3Ccircle cx='16' cy='16' r='4'/%3E%3Cpath d='M16 12V6M16 26v-6M12.5 18 7 21M25 11l-5.5 3M12.5 14 7 11M25 21l-5.5-3'/%3E%3C/g%3E%3C/svg%3E">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<header>
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8"/><g><circle cx="16" cy="16" r="4"/><path d="M16 12V6M16 26v-6M12.5 18 7 21M25 11l-5.5 3M12.5 14 7 11M25 21l-5.5-3"/></g></svg>
  <div class="title">
    <h1>IoT Hub emulator</h1>
    <p id="host" class="quiet">A local Azure IoT Hub</p>
  </div>
  <p id="state" class="state" role="status">connecting</p>
</header>
<main id="main" hidden>
  <section class="tiles" aria-label="At a glance">
    <div class="tile"><b id="devices-count">0</b><span>devices</span></div>
    <div class="tile"><b id="connected-count">0</b><span>connected</span></div>
    <div class="tile"><b id="messages-count">0</b><span>messages</span></div>
    <div class="tile wide"><b id="clock">–</b><span id="clock-note">hub time</span></div>
  </section>
  <section class="card">
    <div class="head"><h2>Connect</h2><a class="button" href="/ca.pem" download="iot-hub-emulator-ca.pem">Download CA</a></div>
    <dl id="strings"></dl>
    <p class="quiet">Trust the CA in your client, for Node with <code>NODE_EXTRA_CA_CERTS</code>, for Python with <code>SSL_CERT_FILE</code>. Keys are hidden here; Copy takes the whole string.</p>
    <ul id="ports" class="ports"></ul>
  </section>
  <div class="columns">
    <section class="card">
      <div class="head"><h2>Devices</h2><span id="devices-note" class="quiet"></span></div>
      <p id="no-devices" class="empty">No device is registered yet. Create one with a service SDK or the Azure CLI.</p>
      <ul id="devices" class="rows"></ul>
    </section>
    <section class="card">
      <div class="head"><h2>Messages</h2><span id="messages-note" class="quiet"></span></div>
      <p id="no-messages" class="empty">Nothing has arrived yet. The last fifty messages appear here as they come.</p>
      <ol id="messages" class="rows"></ol>
    </section>
  </div>
</main>
<main id="locked" class="card narrow" hidden>
  <h2>This browser is not on the hub’s machine</h2>
  <p class="quiet">The page shows what the hub holds to browsers on the same machine, or to whoever has a key of the policy <code>iothubowner</code>. Connection strings are printed where the hub was started.</p>
  <form id="unlock"><input id="key" type="password" autocomplete="off" placeholder="Primary key" aria-label="Key of the policy iothubowner"><button class="button">Open</button></form>
</main>
<noscript><p class="card narrow">The page needs JavaScript; <a href="/ca.pem">the CA</a> does not.</p></noscript>
<footer class="quiet"><a href="/ca.pem" download="iot-hub-emulator-ca.pem">CA</a><a href="/health">Health</a></footer>
<script src="/page.js" defer></script>
</body>
</html>
`;
