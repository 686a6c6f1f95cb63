import Layout

// What a harness needs that compares this processor with another one, register by register.

extension Processor {
  /// Works out what follows from registers that were written from outside.
  ///
  /// - Parameter controls: CR0, CR3, CR4 or EFER were among them.
  package func registersWritten(controls: Bool) {
    if controls { translation.modeChanged(pagingControls) }
    contextChanged()
  }
}
