/** The lab: scenarios, played between two hosts and recorded as a trace. */
export * from './engine.ts';
export { findScenario, SCENARIOS, type Scenario, type Stage } from './scenarios.ts';
export type { ObserveSockets, SocketState } from './states.ts';
