// Browsers start no worker from a page that is a file. The search's worker runs in a hidden frame there instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.ready = new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.hidden = true;
        document.body.append(frame);
        const inner = frame.contentWindow;
        inner.importScripts = (...urls) => urls.reduce((last, one) => last.then(() => this.load(inner, one)), Promise.resolve());
        inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
        this.load(inner, url).then(() => done(inner));
      });
    }
    load(inner, url) {
      return new Promise((done, failed) => {
        const script = inner.document.createElement("script");
        script.src = new URL(url, location.href);
        script.onload = done;
        script.onerror = failed;
        inner.document.body.append(script);
      });
    }
    postMessage(data) {
      this.ready.then((inner) => inner.dispatchEvent(new inner.MessageEvent("message", { data })));
    }
    terminate() {}
  };
}
