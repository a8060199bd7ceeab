// A fault of the page itself stays in its place: the frame goes on working and the fault can be reported.
import { Component, type ReactNode } from "react";

export class Guard extends Component<{ children: ReactNode }, { fault?: Error }> {
  override state: { fault?: Error } = {};
  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }
  override render() {
    if (!this.state.fault) return this.props.children;
    return (
      <div className="failed" role="alert">
        <span>
          This page has a fault of its own: <code>{this.state.fault.message}</code>. The API still answers at <code>/api</code>.
        </span>
        <button type="button" onClick={() => this.setState({ fault: undefined })}>
          Try again
        </button>
      </div>
    );
  }
}
