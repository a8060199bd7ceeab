import { createRoot } from "react-dom/client";
import { startLive } from "./api/live";
import { App } from "./app";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import "./styles/drawings.css";
import "./styles/now.css";
import "./styles/incident.css";
import "./styles/logs.css";
import "./styles/service.css";
import "./styles/runbooks.css";
import "./styles/silences.css";
import "./styles/coverage.css";
import "./styles/settings.css";

startLive();
createRoot(document.getElementById("root")!).render(<App />);
