import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` serves the page with reload and asks a running SentinelOps for the data.
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2021",
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: scripts or styles
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
