import CPU
import Layout

// The segment registers of a guest. ES, CS, SS, DS, FS, GS, LDTR and TR follow one another in the processor's state, and so do
// their fields, each kind apart.

extension VMXUnit {
  private static let segmentCount = 8

  /// The fields of a kind.
  private func fields(_ first: VMCSField) -> UnsafeMutablePointer<UInt64> { vmcs.words + Int(first.rawValue) }

  private var segmentRegisters: UnsafeMutablePointer<SegmentRegister> {
    (UnsafeMutableRawPointer(state) + Int(OffsetSegments)).assumingMemoryBound(to: SegmentRegister.self)
  }

  /// "Loading Guest Segment Registers and Descriptor-Table Registers".
  func loadSegments() {
    let registers = segmentRegisters
    let (selectors, limits) = (fields(.guestESSelector), fields(.guestESLimit))
    let (rights, bases) = (fields(.guestESAccessRights), fields(.guestESBase))
    for index in 0..<VMXUnit.segmentCount {
      registers[index] = SegmentRegister(
        base: bases[index], limit: UInt32(truncatingIfNeeded: limits[index]),
        attributes: UInt32(truncatingIfNeeded: rights[index]), selector: UInt16(truncatingIfNeeded: selectors[index]),
        reserved: (0, 0, 0))
    }
  }

  /// "Saving Segment Registers and Descriptor-Table Registers".
  func saveSegments() {
    let registers = segmentRegisters
    let (selectors, limits) = (fields(.guestESSelector), fields(.guestESLimit))
    let (rights, bases) = (fields(.guestESAccessRights), fields(.guestESBase))
    for index in 0..<VMXUnit.segmentCount {
      let segment = registers + index
      selectors[index] = UInt64(segment.pointee.selector)
      limits[index] = UInt64(segment.pointee.limit)
      rights[index] = UInt64(segment.pointee.attributes)
      bases[index] = segment.pointee.base
    }
  }
}
