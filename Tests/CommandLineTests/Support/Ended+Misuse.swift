import Testing

extension Ended {
  /// Misuse: status 2, one line on standard error that names what it should, nothing on standard output.
  func expectMisuse(naming texts: [String] = [], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(ending == .status(2), "\(self)", sourceLocation: sourceLocation)
    #expect(output.isEmpty, "\(self)", sourceLocation: sourceLocation)
    #expect(errors.hasPrefix("shootdown: ") && errors.hasSuffix("\n"), "\(self)", sourceLocation: sourceLocation)
    #expect(errorLines.count == 1, "\(self)", sourceLocation: sourceLocation)
    for text in texts {
      #expect(errors.contains(text), "it does not say '\(text)': \(self)", sourceLocation: sourceLocation)
    }
  }
}
