// What somebody does with a TypeScript client that was made of the document; prints what comes back.
import createClient from "openapi-fetch";

import type { paths } from "./schema";

const { STORY_URL: baseUrl, STORY_KEY: key } = process.env;
const headers = { Authorization: `Bearer ${key}` };
const client = createClient<paths, "application/json">({ baseUrl, headers });

async function told() {
  const project = { project_id: "@current" } as const;
  const list = await client.GET("/api/projects/{project_id}/persons/", {
    params: { path: project, query: { search: "ada" } },
  });
  const [listed] = list.data!.results;
  const path = { ...project, id: listed.uuid };

  const updated = await client.POST("/api/projects/{project_id}/persons/{id}/update_property/", {
    params: { path },
    body: { key: "plan", value: "pro" },
  });
  const position = Number(updated.response.headers.get("X-Position"));

  const person = await client.GET("/api/projects/{project_id}/persons/{id}/", {
    params: { path, header: { "X-Min-Position": position } },
  });
  const timeline = await client.GET(
    "/api/projects/{project_id}/persons/{id}/properties_timeline/",
    { params: { path, query: { key: ["plan"] } } },
  );
  const history = await client.GET("/api/projects/{project_id}/persons/{id}/history/", {
    params: { path },
  });
  const changes = await client.GET("/api/projects/{project_id}/persons/changes/", {
    params: { path: project, query: { after: position - 1 } },
  });
  const missing = await client.GET("/api/projects/{project_id}/persons/{id}/", {
    params: { path: { ...project, id: 99 } },
  });

  return {
    names: listed.distinct_ids,
    plan: person.data!.properties["plan"],
    plans: timeline.data!.points.map((point) => point.properties["plan"]),
    history: history.data!.results.map((event) => event.type),
    changes: changes.data!.results.flatMap((event) => event.changes.map((change) => change.key)),
    missing: missing.error!.detail,
  };
}

told().then((found) => process.stdout.write(JSON.stringify(found)));
