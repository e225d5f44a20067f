import "@mantine/core/styles.css";
import "./console.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { keepFocus } from "./shell/keep-focus.ts";
import { markStyles } from "./style-nonce.ts";
import { followSignInLinks } from "./session/sign-in-link.ts";

markStyles();
keepFocus();
followSignInLinks();
const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<App />);
