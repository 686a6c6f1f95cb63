/// Lets serial text through, or not: what a replay transmits was seen before.
package final class SerialGate: @unchecked Sendable {
  package internal(set) var isClosed = false
  package init() {}
}
