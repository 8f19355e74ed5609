package tracker

import "time"

const (
	// minInterval, defaultInterval and maxInterval bound what a tracker may ask
	// for; the default is that of bittorrent-tracker and aquatic.
	minInterval     = 15 * time.Second
	defaultInterval = 2 * time.Minute
	maxInterval     = 30 * time.Minute

	// maxOffers is what WebTorrent sends with one announce.
	maxOffers = 5
	// blindOffers are made before the tracker has told how many peers there are,
	// or when it may have counted wrongly.
	blindOffers = 2
	// makeTimeout ends the wait for MakeOffers.
	makeTimeout = 10 * time.Second
	// freshOffers is how long offers are good that wait for a socket: sent later
	// they would time out before an answer can come.
	freshOffers = 20 * time.Second
)

// hurry are the waits of a torrent that wants peers and has none; after them the
// tracker's interval holds. The first is the floor: no round comes faster.
var hurry = [...]time.Duration{minInterval, 30 * time.Second, time.Minute, 2 * time.Minute}

// listing is one torrent at one tracker.
type listing struct {
	torrent *torrent
	session *session

	started   bool // announced on the socket, which is open
	last      time.Time
	next      time.Time // of the next round; zero until started
	interval  time.Duration
	asks      int // rounds since the torrent has been alone
	trackerID string
	refused   string // the refusal that was warned about

	counted         bool // the tracker has told the counts
	seeds, leechers int

	news  bool   // waits to announce itself out of turn
	event string // of that announce
	round bool   // waits to begin a round

	reserved bool // a message is spent for its offers, which are being made

	made    int       // offers asked for in this round
	doubted bool      // blind offers were made against the counts
	makeBy  time.Time // when the wait for OffersMade ends; zero while there is none
	due     bool      // an announce must follow the wait, with offers or without
	ready   []Offer   // made, waiting for the socket
	readyAt time.Time
}

func (l *listing) deadline() time.Time {
	if !l.makeBy.IsZero() {
		return l.makeBy
	}
	if l.started && !l.round {
		return l.next
	}
	return time.Time{}
}

func (a *Announcer) tickListing(now time.Time, l *listing) {
	if at := l.deadline(); at.IsZero() || at.After(now) {
		return
	}
	if !l.makeBy.IsZero() {
		a.offersCame(now, l, nil)
	} else {
		a.isDue(now, l)
	}
}

// start makes the torrent known on a socket that has just opened.
func (a *Announcer) start(now time.Time, l *listing) {
	offers := l.ready
	if now.Sub(l.readyAt) > freshOffers {
		offers = nil
	}
	l.ready = nil
	if len(offers) == 0 && l.makeBy.IsZero() {
		l.made = 0
	}
	l.started, l.doubted = true, false
	if !l.makeBy.IsZero() {
		l.reserve(now)
	}
	a.announce(now, l, started, offers)
	a.askForOffers(now, l)
}

// beginRound announces, after offers have been made if there is use for them.
func (a *Announcer) beginRound(now time.Time, l *listing) {
	l.asks++
	l.made = 0
	a.askForOffers(now, l)
	if l.makeBy.IsZero() {
		a.announce(now, l, "", nil)
		return
	}
	l.due = true
}

// askForOffers asks for what this round still lacks of offers.
func (a *Announcer) askForOffers(now time.Time, l *listing) {
	n := l.offersWanted() - l.made
	if n <= 0 || !l.makeBy.IsZero() || len(l.ready) > 0 {
		return
	}
	l.made += n
	l.makeBy = now.Add(makeTimeout)
	l.reserve(now)
	a.arm(l)
	a.emit(MakeOffers{InfoHash: l.torrent.infoHash, Tracker: l.session.url, Count: n})
}

// offersWanted says how many offers there are takers for.
func (l *listing) offersWanted() int {
	t := l.torrent
	others := 0
	switch {
	case t.seeds() && l.counted:
		others = l.leechers
		if others == 0 && l.seeds > 1 && t.alone() && !l.doubted {
			// bittorrent-tracker counts a WebTorrent peer that has only a magnet
			// link as a seed. It would not hear of us until its next announce.
			others = min(blindOffers, l.seeds-1)
		}
	case l.counted:
		others = l.seeds + l.leechers - 1
	case !t.seeds():
		others = blindOffers
	}
	return max(0, min(maxOffers, t.want, others))
}

func (a *Announcer) offersMade(now time.Time, ev OffersMade) {
	s := a.sessions[ev.Tracker]
	if s == nil {
		return
	}
	l := s.listing(ev.InfoHash)
	if l == nil || l.makeBy.IsZero() {
		return
	}
	a.offersCame(now, l, ev.Offers)
}

// offersCame ends the wait for offers.
func (a *Announcer) offersCame(now time.Time, l *listing, offers []Offer) {
	l.makeBy = time.Time{}
	l.release()
	a.arm(l)
	if l.torrent.seeds() && l.leechers == 0 {
		l.doubted = true
	}
	offers = sendable(offers)
	if l.torrent.want == 0 {
		offers = nil
	}
	if !l.started {
		l.ready, l.readyAt = offers, now
		return
	}
	if len(offers) > 0 || l.due {
		a.announce(now, l, "", offers)
	}
}

// sendable leaves out what no peer would take.
func sendable(offers []Offer) []Offer {
	var kept []Offer
	for _, o := range offers[:min(len(offers), maxOffers)] {
		if o.SDP != "" && len(o.SDP) <= maxSDP {
			kept = append(kept, o)
		}
	}
	return kept
}

// announce sends an announce, or several where the offers do not fit into one,
// and plans the next round.
func (a *Announcer) announce(now time.Time, l *listing, event string, offers []Offer) {
	m := a.announcementOf(l, event)
	for first := true; first || len(offers) > 0; first = false {
		m.offers, offers = take(offers)
		a.say(now, l.session, m.encode())
		m.event = ""
	}
	if l.session.asked.IsZero() {
		l.session.asked = now
		a.armSession(l.session)
	}
	l.due = false
	l.last = now
	a.plan(now, l)
}

func (a *Announcer) announcementOf(l *listing, event string) announcement {
	t := l.torrent
	return announcement{
		infoHash:   t.infoHash,
		peer:       a.cfg.PeerID,
		uploaded:   t.uploaded,
		downloaded: t.downloaded,
		left:       t.announcedLeft(),
		event:      event,
		trackerID:  l.trackerID,
	}
}

// take returns the offers that fit into one announce, at least one, and the
// rest.
func take(offers []Offer) (taken []value, rest []Offer) {
	size := announceFrame
	for i, o := range offers {
		encoded := encodeOffer(o)
		size += len(encoded) + len(",")
		if i > 0 && size > maxAnnounce {
			return taken, offers[i:]
		}
		taken = append(taken, encoded)
	}
	return taken, nil
}

// plan says when the next round comes.
func (a *Announcer) plan(now time.Time, l *listing) {
	wait := l.interval
	if l.torrent.alone() && l.asks < len(hurry) {
		step := hurry[l.asks]
		wait = min(wait, step+time.Duration(a.rng.Int64N(int64(step/4))))
	}
	l.next = l.last.Add(wait)
	if l.next.Before(now) {
		l.next = now
	}
	a.arm(l)
}

// announced takes the answer to an announce.
func (a *Announcer) announced(now time.Time, l *listing, r response) {
	l.refused = ""
	if r.TrackerID != "" {
		l.trackerID = r.TrackerID
	}
	if r.Interval != 0 && r.Interval != l.interval {
		l.interval = r.Interval
		a.plan(now, l)
	}
	if !r.Counted {
		return
	}
	l.counted, l.seeds, l.leechers = true, r.Seeds, r.Leechers
	a.emit(Announced{InfoHash: l.torrent.infoHash, Tracker: l.session.url, Seeds: r.Seeds, Leechers: r.Leechers})
	a.askForOffers(now, l)
}
