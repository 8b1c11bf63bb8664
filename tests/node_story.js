// What test_sdks.py lets PostHog's client for Node say.
"use strict";

const { PostHog } = require("posthog-node");

const said = process.env.STORY_PREFIX;
const posthog = new PostHog(process.env.STORY_TOKEN, {
  host: process.env.STORY_URL,
  disableCompression: process.env.STORY_PLAIN === "1",
});
posthog.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});

posthog.capture({ distinctId: `${said}anon`, event: "seen", properties: { $set: { theme: "dark" } } });
posthog.capture({
  distinctId: `${said}ada`,
  event: "signed up",
  properties: { plan: "pro", $set: { email: "ada@x.io" }, $set_once: { src: "ad" } },
  timestamp: new Date("2024-03-01T12:00:00Z"),
});
posthog.identify({
  distinctId: `${said}ada`,
  properties: { name: "Ada", tags: ["a", { b: null }], none: null, seats: 3 },
});
posthog.setPersonProperties({ distinctId: `${said}ada`, propertiesOnce: { src: "seo", first: 1 } });
posthog.identify({
  distinctId: `${said}ada`,
  properties: { $anon_distinct_id: `${said}anon`, $set: { city: "Oslo" } },
});
posthog.alias({ distinctId: `${said}ada`, alias: `${said}legacy` });
posthog.capture({
  distinctId: `${said}ada`,
  event: "$merge_dangerously",
  properties: { alias: `${said}other` },
});
posthog.unsetPersonProperties({ distinctId: `${said}ada`, properties: ["seats", "never there"] });
posthog.capture({ event: "somebody was here" });
for (let number = 0; number < 250; number += 1) {
  posthog.setPersonProperties({ distinctId: `${said}eve`, properties: { n: number } });
}
posthog.shutdown();
