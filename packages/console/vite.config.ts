import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const FOLDER = join(import.meta.dirname, "dist");

/** Beside each file its compressed form, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: "compressed",
    closeBundle() {
      for (const name of readdirSync(FOLDER, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const file = join(FOLDER, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

// The bridge serves `dist/` under /console/. Nothing is inlined: the content security policy allows files only.
export default defineConfig({
  root: import.meta.dirname,
  base: "/console/",
  plugins: [react(), compressed()],
  build: {
    outDir: "dist",
    assetsInlineLimit: 0,
    target: "es2023",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Many small files compress badly: what all screens share comes at once, and only the chart apart.
          groups: [
            { name: "chart", test: /node_modules[\\/]uplot/, priority: 2 },
            { name: "libraries", test: /node_modules/, priority: 1 },
            { name: "elements", test: /src[\\/](?:elements|client|session|shell)[\\/]/ },
          ],
        },
      },
    },
  },
});
