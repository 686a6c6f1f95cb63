import ArgumentParser

/// What the exit status says (docs/ARCHITECTURE.md, "The command line").
enum ExitStatus {
  /// The condition was met, or the machine switched itself off.
  static let success: Int32 = 0
  /// Misuse or bad input; something that is not built.
  static let misuse: Int32 = 2
  /// A limit was reached.
  static let limit: Int32 = 4
  /// The guest died: a triple fault, or HLT for ever on all processors.
  static let guestDied: Int32 = 6
  /// An expectation failed: the machine ended, and the condition was never met.
  static let expectation: Int32 = 8
  /// Our own fault.
  static let ownFault: Int32 = 10
}

/// Misuse or bad input: one line for people.
struct Misuse: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
