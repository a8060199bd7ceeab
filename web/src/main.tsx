import { createRoot } from "react-dom/client";
import { startLive } from "./api/live";
import { App } from "./app";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/pages.css";

startLive();
createRoot(document.getElementById("root")!).render(<App />);
