// What a person at the machine looks at, between two runs and without side effects.

extension Processor {
  /// What RDMSR would read now; nil: #GP(0).
  public func peek(modelSpecific index: UInt32) -> UInt64? {
    if isWideAPICRegister(index) { return apic.readWide(Int(index - 0x800), at: state.pointee.cycles) }
    guard let number = model.number(of: index), model.registers[number].isReadable else { return nil }
    return value(of: number, at: state.pointee.cycles)
  }
}
