// Package storetest is the contract of [provisioning.Store] as tests: one
// subtest per sentence of the interface's comments, real parallel writers, and
// an isolation test that tries every method with the ids of another workspace.
//
// An implementation calls [Run] from its tests, once per database:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) provisioning.Store { return open(t) })
//	}
//
// The suite knows the Store only. Whatever it needs, it builds and reads
// through the Store's own methods, each sentence in workspaces of its own, so
// that most of them share one database and run beside one another. A
// difference between engines is probed, never configured: whether two writers
// can be at work at once.
package storetest
