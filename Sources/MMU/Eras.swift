import EPTTLB

/// Numbers for what walks without EPT depend on, apart from memory, root and address: where they are equal, walks that
/// read the same make the same.
struct Eras {
  private var numbers: [PagingControls: UInt32] = [:]
  /// The next one that is given out.
  private var next: UInt32 = 1

  /// The number of some controls; what only decides about accesses counts for nothing.
  mutating func number(of controls: PagingControls) -> UInt32 {
    var key = controls
    (key.root, key.tag, key.pointers, key.ept) = (0, Tag(), .zero, nil)
    (key.writeProtect, key.checksAlignment, key.alignmentCheck) = (false, false, false)
    (key.supervisorExecutionPrevention, key.supervisorAccessPrevention) = (false, false)
    (key.userKeys, key.supervisorKeys) = (0, 0)
    if let known = numbers[key] { return known }
    numbers[key] = next
    next &+= 1
    return next &- 1
  }

  /// Memory types have changed: walks make other translations.
  mutating func end() { numbers.removeAll() }
}
