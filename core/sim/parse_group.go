package sim

import (
	"errors"
	"fmt"
)

// group reads what peers have in common.
func (r *reader) group() error {
	g := Group{Name: r.word()}
	if g.Name == "" || r.scenario.group(g.Name) != nil {
		return errors.New("a group has a name of its own")
	}
	if err := r.count(&g.Count, maxGroup); err != nil {
		return err
	}
	for len(r.words) > 0 {
		if err := r.property(&g); err != nil {
			return err
		}
	}
	r.scenario.Groups = append(r.scenario.Groups, g)
	return nil
}

func (r *reader) property(g *Group) error {
	switch word := r.word(); word {
	case "up":
		return r.rate(&g.Link.Up)
	case "down":
		return r.rate(&g.Link.Down)
	case "window":
		return r.size(&g.Link.Window)
	case "links":
		g.Mixed = true
		return r.expectWord("mixed")
	case "seeds":
		g.Seeds = true
	case "web":
		g.Web = true
	case "joins":
		return r.duration(&g.Joins)
	case "over":
		return r.duration(&g.Over)
	case "connections":
		return r.count(&g.Connections, 1000)
	case "nat":
		return r.count(&g.NAT, maxGroup)
	case "stay":
		return r.duration(&g.Stay)
	case "goes":
		return r.duration(&g.Goes)
	case "away":
		return r.duration(&g.Away)
	default:
		return r.behaviour(g, word)
	}
	return nil
}

func (r *reader) behaviour(g *Group, word string) error {
	g.Behaviour = word
	if next := r.peek(); next != "" && next[0] >= '0' && next[0] <= '9' {
		if err := r.number(&g.Strength); err != nil {
			return err
		}
	}
	if _, err := newBehaviour(word, g.Strength); err != nil {
		return fmt.Errorf("%q is no property: %w", word, err)
	}
	return nil
}
