package blame

import "time"

const (
	// banPenalty is what a ban costs the address it came from.
	banPenalty = limit
	// inherited is the part of what others have done at a peer's address that
	// counts for it too, and maxInherited the most of it: somebody who shares an
	// address with liars keeps half of his credit, and is never dropped for what
	// he has not done.
	inherited    = 0.5
	maxInherited = limit / 2
)

// Book is the memory of one client. Each of its tables is bounded by itself, so
// that names, which cost nothing, push out names and nothing else: to push out
// a ban takes as many lies as there are bans, to push out one who is proven as
// many who have proved themselves since he last did.
type Book struct {
	banned   table // names
	proven   table // identities
	accounts table // names
	sites    table // addresses
}

// NewBook returns a book without entries.
func NewBook() *Book {
	return &Book{newTable(), newTable(), newTable(), newTable()}
}

// Ban shuts a liar out: its identity where it has one, otherwise its peer id.
// Its proof is void. Its address is charged a penalty that decays, as others
// may share it.
func (b *Book) Ban(now time.Time, who Who) {
	b.banned.note(now, who.name(), 0)
	b.proven.forget(who.proof())
	b.sites.note(now, who.site(), banPenalty)
}

// Banned reports whether a peer is shut out.
func (b *Book) Banned(now time.Time, who Who) bool { return b.banned.has(who.name()) }

// Proved notes that a piece of which who sent blocks was right; it is to be told
// of each, so that who is at work is not forgotten. It does not help one who is
// banned, and of one without identity nothing is remembered.
func (b *Book) Proved(now time.Time, who Who) {
	if !b.Banned(now, who) {
		b.proven.note(now, who.proof(), 0)
	}
}

// Proven reports whether a peer has a history; one that has none is on
// probation.
func (b *Book) Proven(who Who) bool { return b.proven.has(who.proof()) }

// Charge puts the cost of a violation on a peer's account and on its address's,
// and reports whether it is to be dropped for what has come together there. A
// peer without a name is to be dropped at its first: it has no account.
func (b *Book) Charge(now time.Time, who Who, v Violation) (drop bool) {
	b.accounts.note(now, who.name(), costs[v])
	b.sites.note(now, who.site(), costs[v])
	return who.name() == key{} || b.balance(now, who) >= limit
}

// balance is what counts against a peer: its own account, and part of what
// others have done at its address, or it under other names.
func (b *Book) balance(now time.Time, who Who) float64 {
	own := b.accounts.charge(now, who.name())
	others := max(b.sites.charge(now, who.site())-own, 0)
	return own + min(inherited*others, maxInherited)
}
