import "@mantine/core/styles.css";
import "./console.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { followSignInLinks } from "./session/sign-in-link.ts";

followSignInLinks();
const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<App />);
