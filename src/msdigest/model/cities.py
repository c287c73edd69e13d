"""Cities whose clocks we know, and countries by their codes.

A meeting's times are told by cities: an abbreviation is printed wrongly in every summer (PST in August), and CST is
the time of Chicago as well as that of Shanghai.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

_AREAS = frozenset(("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"))
# Last parts of names of zones that are no city, that are ordinary words, or that more than one city is called.
_NO_CITY = (
    "act, beulah, canary, center, chatham, christmas, cordoba, creston, currie, easter, johnston, knox, knox in, "
    "la rioja, lhi, marengo, merida, midway, monticello, nome, norfolk, north, nsw, oral, petersburg, resolute, "
    "reunion, salta, san juan, san luis, santa isabel, south, stanley, victoria, virgin, wake, west"
)
# Where people with an interest in MS meet, by zone; besides the cities that zones are called after. What is also
# called so elsewhere in the field stands below, with what tells them apart: Rochester, Birmingham, Newcastle.
_MEETING_PLACES = {
    "Europe/London": (
        "Aberdeen, Bristol, Cardiff, Dundee, Edinburgh, Exeter, Glasgow, Keele, Leeds, Leicester, Liverpool, "
        "Manchester, Norwich, Nottingham, Oxford, Plymouth, Sheffield, Southampton, Swansea, York"
    ),
    "Europe/Dublin": "Cork, Galway, Limerick",
    "Europe/Paris": (
        "Bordeaux, Clermont-Ferrand, Dijon, Grenoble, Lille, Lyon, Marseille, Montpellier, Nancy, Nantes, "
        "Nîmes, Rennes, Strasbourg, Toulouse"
    ),
    "Europe/Rome": (
        "Bari, Bologna, Cagliari, Catania, Ferrara, Firenze, Florence, Genoa, Genova, Milan, Milano, Modena, "
        "Napoli, Padova, Padua, Pavia, Pisa, Roma, Siena, Torino, Trieste, Turin, Venezia, Venice, Verona"
    ),
    "Europe/Zurich": "Basel, Basle, Bern, Geneva, Genève, Genf, Lausanne, Lugano, Luzern, St. Gallen",
    "Europe/Madrid": (
        "Barcelona, Bilbao, Girona, Malaga, Murcia, Oviedo, Salamanca, San Sebastian, Sevilla, Seville, "
        "Valencia, Zaragoza"
    ),
    "Europe/Lisbon": "Braga, Coimbra, Lisboa, Porto",
    "Europe/Berlin": (
        "Bochum, Bonn, Cologne, Dresden, Düsseldorf, Erlangen, Essen, Frankfurt, Freiburg, Giessen, "
        "Göttingen, Halle, Hamburg, Hannover, Heidelberg, Jena, Kiel, Köln, Leipzig, Mainz, Marburg, München, "
        "Munich, Münster, Nuremberg, Nürnberg, Rostock, Stuttgart, Tübingen, Ulm, Würzburg"
    ),
    "Europe/Vienna": "Graz, Innsbruck, Linz, Salzburg, Wien",
    "Europe/Brussels": "Antwerp, Antwerpen, Brussel, Bruxelles, Gent, Ghent, Leuven, Liège, Melsbroek, Overpelt",
    "Europe/Amsterdam": "Den Haag, Eindhoven, Groningen, Leiden, Maastricht, Nijmegen, Rotterdam, The Hague, Utrecht",
    "Europe/Copenhagen": "Aarhus, København, Odense",
    "Europe/Stockholm": "Göteborg, Gothenburg, Karolinska, Linköping, Lund, Malmö, Örebro, Umeå, Uppsala",
    "Europe/Oslo": "Bergen, Stavanger, Tromsø, Trondheim",
    "Europe/Helsinki": "Oulu, Tampere, Turku",
    "Europe/Prague": "Brno, Praha",
    "Europe/Warsaw": "Gdańsk, Katowice, Kraków, Lublin, Łódź, Poznań, Warszawa, Wrocław",
    "Europe/Bucharest": "București, Cluj, Cluj-Napoca, Timișoara",
    "Europe/Belgrade": "Beograd, Novi Sad",
    "Europe/Zagreb": "Rijeka, Split",
    "Europe/Athens": "Athina, Heraklion, Patras, Thessaloniki",
    "Europe/Istanbul": "Ankara, Bursa, Izmir",
    "Europe/Kyiv": "Kharkiv, Lviv, Odesa",
    "Europe/Moscow": "Moskva",
    "Asia/Jerusalem": "Haifa, Petah Tikva",
    "Asia/Riyadh": "Jeddah, Makkah",
    "Asia/Dubai": "Abu Dhabi, Sharjah",
    "Asia/Qatar": "Doha",
    "Asia/Bahrain": "Manama",
    "Asia/Kuwait": "Kuwait City",
    "Asia/Tehran": "Isfahan, Mashhad, Shiraz, Tabriz",
    "Asia/Karachi": "Islamabad, Lahore",
    "Asia/Kolkata": "Bangalore, Bengaluru, Chennai, Delhi, Kochi, Mumbai, New Delhi, Pune",
    "Asia/Shanghai": "Beijing, Chengdu, Guangzhou, Hangzhou, Nanjing, Peking, Shenzhen, Tianjin, Wuhan",
    "Asia/Taipei": "Kaohsiung, Taichung",
    "Asia/Tokyo": "Fukuoka, Kobe, Kyoto, Nagoya, Osaka, Sapporo, Sendai, Yokohama",
    "Asia/Seoul": "Busan, Incheon",
    "Asia/Ho_Chi_Minh": "Hanoi, Ho Chi Minh City",
    "Africa/Cairo": "Giza",
    "Africa/Casablanca": "Fez, Marrakech, Rabat",
    "Africa/Johannesburg": "Cape Town, Durban, Pretoria",
    "Africa/Lagos": "Abuja, Ibadan",
    "Australia/Sydney": "Wollongong",
    "Australia/Melbourne": "Geelong",
    "Australia/Brisbane": "Cairns, Gold Coast, Townsville",
    "Pacific/Auckland": "Christchurch, Dunedin, Wellington",
    "America/New_York": (
        "Ann Arbor, Atlanta, Baltimore, Bethesda, Boston, Buffalo, Charlotte, Cincinnati, Cleveland, "
        "Columbus, Hackensack, Hartford, Miami, New Haven, New York City, NYC, Orlando, Philadelphia, "
        "Pittsburgh, Providence, Raleigh, Tampa, Teaneck, Washington, Washington D.C."
    ),
    "America/Toronto": "Ottawa, Quebec City, Québec",
    "America/Chicago": (
        "Austin, Dallas, Fort Worth, Houston, Iowa City, Kansas City, Madison, Memphis, Milwaukee, "
        "Minneapolis, Nashville, New Orleans, Oklahoma City, Omaha, San Antonio, St. Louis, St. Paul"
    ),
    "America/Denver": "Albuquerque, Aurora, Boulder, Salt Lake City",
    "America/Phoenix": "Scottsdale, Tucson",
    "America/Los_Angeles": (
        "Irvine, Las Vegas, Palo Alto, Sacramento, San Diego, San Francisco, Seattle, SF, Stanford"
    ),
    "America/Edmonton": "Calgary",
    "America/Regina": "Saskatoon",
    "America/Mexico_City": "Ciudad de México, Guadalajara",
    "America/Bogota": "Cali, Medellín",
    "America/Guayaquil": "Quito",
    "America/Santiago": "Concepción, Valparaíso",
    "America/Argentina/Buenos_Aires": "CABA, La Plata",
    "America/Sao_Paulo": "Belo Horizonte, Brasília, Campinas, Curitiba, Porto Alegre, Rio, Rio de Janeiro",
}
# Cities that share their name with another one of the field count only with what tells them apart.
_OF_TWO = {
    "Africa/Cairo": "Alexandria Egypt",
    "America/Argentina/Cordoba": "Córdoba Argentina",
    "America/Chicago": "Birmingham Alabama, Birmingham AL, Rochester Minnesota, Rochester MN",
    "America/Costa_Rica": "San José Costa Rica",
    "America/Los_Angeles": "Portland OR, Portland Oregon, San Jose CA, San Jose California, Vancouver WA",
    "America/New_York": (
        "Cambridge MA, Cambridge Massachusetts, Cambridge USA, Durham NC, Durham North Carolina, Naples FL, "
        "Naples Florida, Portland Maine, Portland ME, Rochester New York, Rochester NY, St. Petersburg FL, "
        "St. Petersburg Florida, Worcester MA, Worcester Massachusetts"
    ),
    "America/Puerto_Rico": "San Juan PR, San Juan Puerto Rico",
    "America/Toronto": (
        "Hamilton ON, Hamilton Ontario, Kingston ON, Kingston Ontario, London Canada, London ON, London Ontario"
    ),
    "America/Vancouver": "Victoria BC, Victoria British Columbia, Victoria Canada",
    "Asia/Kolkata": "Hyderabad India",
    "Asia/Karachi": "Hyderabad Pakistan",
    "Australia/Sydney": "Newcastle Australia, Newcastle NSW",
    "Europe/London": (
        "Birmingham UK, Birmingham England, Cambridge UK, Cambridge England, Durham UK, Newcastle UK, "
        "Newcastle England, Newcastle upon Tyne"
    ),
    "Europe/Madrid": "Córdoba Spain, Mérida Spain",
    "Europe/Moscow": "St. Petersburg Russia",
    "Europe/Rome": "Naples Italy",
    "Pacific/Auckland": "Hamilton New Zealand, Hamilton NZ",
}
# ISO 3166-1 alpha-2.
_COUNTRY_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
_PRINTED_OTHERWISE = {"UK": "GB", "USA": "US", "UAE": "AE"}
# Letters that no decomposition takes the stroke from.
_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "-": " ", "_": " "})
_LONGEST_NAME = 60


def zone_of(city: str) -> str | None:
    """Return the zone of the tz database by which a city's clocks go; None for one that we do not know.

    ``city`` in any capitals, with or without accents; with what tells it apart where two are called so
    (``London Ontario``).
    """
    return _zones().get(_plain(city)) if len(city) <= _LONGEST_NAME else None


def country_code(printed: str) -> str:
    """Return the ISO 3166 code of a country that was ``printed`` as a code (``US``, ``UK``), or nothing."""
    code = _PRINTED_OTHERWISE.get(printed, printed)
    return code if code in _COUNTRY_CODES.split() else ""


@cache
def _zones() -> dict[str, str]:
    no_city = frozenset(_NO_CITY.split(", "))
    called_after = {
        name: zone
        # Of two names for one zone the shorter, and Europe's, comes last and stays.
        for zone in sorted(available_timezones(), key=lambda zone: (zone.startswith("Europe/"), -len(zone), zone))
        if zone.split("/")[0] in _AREAS and (name := _plain(zone.rsplit("/", 1)[-1])) not in no_city
    }
    ours = {
        _plain(city): zone
        for table in (_MEETING_PLACES, _OF_TWO)
        for zone, cities in table.items()
        for city in cities.split(",")
    }
    return called_after | ours


def _plain(city: str) -> str:
    letters = unicodedata.normalize("NFKD", city.casefold().translate(_STROKES))
    return " ".join(re.sub(r"[^\w ]", "", letters).split())
