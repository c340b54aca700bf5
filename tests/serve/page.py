# SPDX-License-Identifier: MIT
"""The page in a real browser: Debian's Chromium, without a window, by Selenium."""
import base64
import json
import shutil
import time
from pathlib import Path
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

CHROMIUM, DRIVER = "chromium", "chromedriver"
PATIENCE_S = 15
SWITCHES = [
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream", "--host-resolver-rules=MAP photos.test 127.0.0.1",
]


def as_text(data):
    """Bytes as scripts can be given them."""
    return base64.b64encode(data).decode()


class Page:
    def __init__(self, folder, video):
        """Downloads go to `folder`; the camera shows `video`, a file of JPEGs one after the other."""
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which(CHROMIUM)
        for switch in [*SWITCHES, f"--use-file-for-fake-video-capture={video}"]:
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.folder = folder
        self.driver = webdriver.Chrome(service=Service(shutil.which(DRIVER)), options=options)
        self.driver.set_script_timeout(PATIENCE_S)
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.command("Page.addScriptToEvaluateOnNewDocument", source=Path(__file__).with_name("probe.js").read_text())
        self.resize(1280, 800)

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def resize(self, width, height, phone=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)

    def scheme(self, name):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, address):
        self.driver.get(address)
        self.until(lambda: self.text("engine-name") or self.text("sentence"), "the engines are told")

    def close(self):
        self.driver.quit()

    # -------------------------------------------------------------- looking

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, name):
        return self.driver.execute_script("return document.getElementById(arguments[0]).textContent", name)

    def shown(self, name):
        return self.driver.execute_script("return document.getElementById(arguments[0]).checkVisibility()", name)

    def attribute(self, selector, name):
        return self.driver.execute_script("return document.querySelector(arguments[0]).getAttribute(arguments[1])", selector, name)

    def probe(self, function, *arguments):
        return self.driver.execute_script(f"return probe.{function}(...arguments)", *arguments)

    def probe_later(self, function, *arguments):
        """Of a function whose last argument takes the answer."""
        return self.driver.execute_async_script(f"probe.{function}(...arguments)", *arguments)

    def until(self, true, what):
        end = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}; count {self.text('count')!r}, alert {self.text('sentence')!r}")
            time.sleep(0.03)

    def until_seen(self, name):
        """A photo is on the stage, with its answer."""
        self.until(lambda: self.text("about").startswith(f"{name}, ") and "face" in self.text("count"), f"the faces of {name}")

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))

    # -------------------------------------------------------------- doing

    def upload(self, *paths):
        self.find("#files").send_keys("\n".join(str(path) for path in paths))
        self.until_seen(Path(paths[0]).name)

    def drop(self, path):
        """As the system's file manager does."""
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.command("Input.dispatchDragEvent", type=kind, x=300, y=300, data=data)
        self.until_seen(Path(path).name)

    def paste(self, png):
        """Through the clipboard, by the keyboard."""
        self.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        failure = self.probe_later("copy", as_text(png))
        assert failure is None, failure
        webdriver.ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("v").key_up(Keys.CONTROL).perform()

    def press(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def tab(self, backwards):
        chain = webdriver.ActionChains(self.driver)
        (chain.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT) if backwards else chain.send_keys(Keys.TAB)).perform()

    def click(self, selector):
        self.find(selector).click()

    def download(self):
        """What the button saves: (name, bytes)."""

        def whole():
            return [p for p in self.folder.iterdir() if p.suffix in (".png", ".jpg")]

        self.click("#download")
        self.until(whole, "a download")
        file = whole()[0]
        saved = file.name, file.read_bytes()
        file.unlink()
        return saved

    # -------------------------------------------------------------- afterwards

    def messages(self):
        """What the console said since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def hosts(self):
        """Every host that anything was asked of since the last call."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        addresses = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return {urlsplit(a).netloc for a in addresses if urlsplit(a).scheme not in ("data", "blob")}

    def focusables(self):
        """(role, name) of everything that takes the focus, as it is read aloud."""
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored") and any(
            p["name"] == "focusable" and p["value"].get("value") for p in n.get("properties", []))]
