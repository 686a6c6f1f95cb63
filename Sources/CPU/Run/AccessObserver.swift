/// Sees accesses to pages that `Translation.see` names, and changes nothing.
public protocol AccessObserver: AnyObject {
  /// An instruction has read or written; others in the same page are reported too.
  func accessed(_ linear: UInt64, bytes: UInt64, isWrite: Bool, by processor: Processor)
}
